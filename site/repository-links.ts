import { cpSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import type { MarkdownEnv, MarkdownRenderer } from 'vitepress';
import { linkTo, pages, REPOSITORY } from './pages.ts';

/** The folder of the site with the repository's files that pages link to. */
const FILES = 'files';
/** Files and folders that a page links to and that are not pages, by their path in the repository. */
const linked = new Set<string>();

/**
 * Makes links from a Markdown file to its neighbours in the repository work: a link to a page gets the path in the
 * site, a link to another file or folder gets the path of its copy.
 *
 * @throws if a link leads to something that is not in the repository, with the file and the link.
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
          throw new Error(`${page} links to ${href}, but the repository does not have this file. Correct the link.`);
        linked.add(file);
        token.attrSet('href', posix.join('/', FILES, file, stats.isDirectory() ? 'index.html' : ''));
        // A plain file is opened by the browser, not by the site's own navigation.
        token.attrSet('target', '_blank');
      }
    }
  });
}

/** Returns the anchor of a heading as GitHub makes it, so that a link into a page works in both places. */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}

/** Copies the files that pages link to into the site, and makes a list of files for each folder. */
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
