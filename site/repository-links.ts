import { cpSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import type { MarkdownEnv, MarkdownRenderer } from 'vitepress';
import { linkTo, pages, REPOSITORY } from './pages.ts';

/** The folder of the site that holds the files of the repository which pages link to. */
const FILES = 'files';
/** Files and folders that a page links to and that are no pages, by their path in the repository. */
const linked = new Set<string>();

/**
 * Makes links work that lead from a Markdown file to its neighbours in the repository: to a page by its path in the site,
 * and to any other file or folder by its copy.
 *
 * @throws when a link leads to what is not in the repository, with the file and the link.
 */
export function repositoryLinks(md: MarkdownRenderer): void {
  const known = new Set(pages());
  md.core.ruler.push('repository-links', ({ tokens, env }) => {
    const { realPath, path } = env as MarkdownEnv;
    const page = relative(REPOSITORY, realPath ?? path);
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null;
      if (href === null || /^([a-z]+:|#|\/)/i.test(href)) continue;
      const [, target = '', hash = ''] = /^([^#]*)(.*)$/.exec(href) ?? [];
      const file = posix.join(posix.dirname(page), decodeURI(target));
      if (known.has(file)) {
        token.attrSet('href', linkTo(file) + hash);
      } else if (known.has(posix.join(file, 'README.md'))) {
        token.attrSet('href', linkTo(posix.join(file, 'README.md')) + hash);
      } else {
        const stats = file.startsWith('..') ? undefined : statSync(join(REPOSITORY, file), { throwIfNoEntry: false });
        if (stats === undefined)
          throw new Error(`${page} links to ${href}, and the repository has no such file. Correct the link.`);
        linked.add(file);
        token.attrSet('href', posix.join('/', FILES, file, stats.isDirectory() ? 'index.html' : ''));
        // A plain file is opened by the browser, not by the site's own navigation.
        token.attrSet('target', '_blank');
      }
    }
  });
}

/** The anchor of a heading as GitHub makes it, so that a link into a page works in both places. */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}

/** Puts what the pages link to beside them: files as they are, and for a folder a list of its files too. */
export function copyLinkedFiles(site: string): void {
  for (const file of linked) {
    const to = join(site, FILES, file);
    mkdirSync(dirname(to), { recursive: true });
    cpSync(join(REPOSITORY, file), to, { recursive: true });
    if (statSync(to).isDirectory()) writeFileSync(join(to, 'index.html'), list(file, readdirSync(to).sort()));
  }
}

function list(folder: string, names: readonly string[]): string {
  const items = names.map((name) => `<li><a href="${encodeURI(name)}">${name}</a></li>`).join('\n');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${folder}</title>
<h1>${folder}</h1>
<ul>
${items}
</ul>
</html>
`;
}
