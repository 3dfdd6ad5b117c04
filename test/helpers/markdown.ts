import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A Markdown page of the project. */
export interface Page {
  /** Its path from the project's folder. */
  readonly path: string;
  /** Its fenced blocks: the word behind the fence, such as `json` or `sh`, and what is in the block. */
  readonly blocks: readonly { readonly kind: string; readonly text: string }[];
  /** The text without its fenced blocks. */
  readonly prose: string;
}

/** The pages that a user reads: the README and its neighbours, and all that is in `docs`. */
export function userPages(): Page[] {
  return globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT }).toSorted().map(pageAt);
}

function pageAt(path: string): Page {
  const blocks: { kind: string; text: string }[] = [];
  const prose = readFileSync(join(ROOT, path), 'utf8').replace(
    /^( *)```([^\n]*)\n(.*?)^\1```$/gms,
    (_block, _indent, kind: string, text: string) => {
      blocks.push({ kind: kind.trim(), text });
      return '';
    },
  );
  return { path, blocks, prose };
}

/** The command lines in the page's shell blocks, each as its words. */
export function commandsOf({ blocks }: Page): string[][] {
  return blocks
    .filter(({ kind }) => kind === 'sh')
    .flatMap(({ text }) => text.replaceAll(/\\\n\s*/g, ' ').split('\n'))
    .map(words)
    .filter((line) => line.length > 0);
}

/**
 * The `sluice` commands that the page's text speaks of, each as its words. They may lack arguments. Dots or capitals
 * stand for any command.
 */
export function mentionedCommands({ prose }: Page): string[][] {
  return [...prose.matchAll(/`(npx sluice [a-z][^`…]*)`/g)].map(([, line = '']) => words(line));
}

/** The names with a dot that the page's text has in code, such as `workers.max`. Names of files are among them. */
export function dottedNames({ prose }: Page): string[] {
  return [...prose.matchAll(/`(?:-c )?(?:sluice\.)?([a-z]+\.[A-Za-z]+)(?:=[^`]*)?`/g)].map(([, name = '']) => name);
}

/** The words of a command line, up to a comment, a pipe or the next command. A name in angle brackets is one word. */
function words(line: string): string[] {
  const found: string[] = [];
  for (const [word] of line.matchAll(/<\w[^<>]*>|(?:'[^']*'|"[^"]*"|[^\s'"])+/g)) {
    if (/^(#|\||>|<$|&&|;)/.test(word)) break;
    found.push(word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'));
  }
  return found;
}

/** The page's links to files of the project and to headings that don't exist. */
export function brokenLinks({ path, prose }: Page): string[] {
  const text = prose.replaceAll(/`[^`\n]*`/g, '');
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target) && !exists(path, target));
}

function exists(from: string, target: string): boolean {
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? from : join(dirname(from), file);
  if (!existsSync(resolve(ROOT, path))) return false;
  return anchor === undefined || !path.endsWith('.md') || anchorsOf(pageAt(path)).includes(anchor);
}

/** The anchors that GitHub gives the headings. */
function anchorsOf({ prose }: Page): string[] {
  const seen = new Map<string, number>();
  return [...prose.matchAll(/^#+ +(.+?) *$/gm)].map(([, heading = '']) => {
    const anchor = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
      .replaceAll(' ', '-');
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}
