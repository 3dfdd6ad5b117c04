import { globSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DefaultTheme } from 'vitepress';

export const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));

/** The folders of pages. Other Markdown files, like the READMEs of examples, are only read in the repository. */
const PAGES = ['*.md', 'docs/**/*.md', 'bench/README.md', 'bench/results/*.md'];

/** The README of a folder is the folder's index page. */
export const home: Record<string, string> = { 'README.md': 'index.md', 'bench/README.md': 'bench/index.md' };

/**
 * The topics of the sidebar, and their pages. A folder adds all its pages that are not named, so a new page appears by
 * itself.
 */
const TOPICS: Record<string, readonly string[]> = {
  'Get started': ['README.md', 'docs/glossary.md', 'docs/moving.md', 'docs/waiting.md'],
  Jobs: ['docs/jobs/nightly-files.md', 'docs/jobs/'],
  'Use it': [
    'docs/command-line.md',
    'docs/input.md',
    'docs/runs.md',
    'docs/pages.md',
    'docs/processors.md',
    'docs/gate-checks.md',
    'docs/redshift.md',
    'docs/gatekeeper-loop.md',
    'docs/transfer.md',
    'docs/library.md',
  ],
  'Run it in your account': [
    'docs/delivery.md',
    'docs/operations.md',
    'docs/troubleshooting.md',
    'docs/costs.md',
    'docs/security.md',
    'docs/quotas.md',
    'docs/upgrades.md',
  ],
  Reference: ['docs/settings.md', 'docs/errors.md', 'docs/'],
  Contribute: ['CONTRIBUTING.md', 'docs/local-and-aws.md', 'bench/README.md', 'docs/licences.md', ''],
};

/** Tables whose heading is the day of the measurement. The pages that explain them link to them. */
const NOT_IN_SIDEBAR = 'bench/results/';

/** Each Markdown file that becomes a page, by its path in the repository. */
export function pages(): string[] {
  return globSync(PAGES, { cwd: REPOSITORY }).sort();
}

/**
 * Returns the Markdown files that are not pages: VitePress would make a page of every Markdown file in and below the
 * repository's folder.
 */
export function notPages(): string[] {
  const wanted = new Set(pages());
  const folders = readdirSync(REPOSITORY, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const whole = folders.filter(({ name }) => !pages().some((page) => page.startsWith(`${name}/`)));
  const single = globSync(['docs/**/*.md', 'bench/**/*.md'], { cwd: REPOSITORY }).filter((path) => !wanted.has(path));
  return [...whole.map(({ name }) => `${name}/**`), ...single];
}

/**
 * Returns every page once, by topic, with its heading as the text, without tables of measurements.
 *
 * @throws if a topic names a page or a folder that does not exist.
 */
export function sidebar(): DefaultTheme.SidebarItem[] {
  const left = new Set(pages().filter((page) => !page.startsWith(NOT_IN_SIDEBAR)));
  const named = new Set(Object.values(TOPICS).flat());
  return Object.entries(TOPICS).map(([text, entries]) => {
    const items = entries.flatMap((entry) => {
      const isFolder = entry === '' || entry.endsWith('/');
      const found = [...left].filter(
        (page) => page === entry || (isFolder && page.startsWith(entry) && !named.has(page)),
      );
      if (found.length === 0)
        throw new Error(`site/pages.ts names ${entry}, but this page does not exist. Correct TOPICS.`);
      for (const page of found) left.delete(page);
      return found.map((page) => ({ text: title(page), link: linkTo(page) }));
    });
    return { text, items, collapsed: false };
  });
}

/** Returns the path of a page in the site, in the form of VitePress. */
export function linkTo(page: string): string {
  return `/${home[page] ?? page}`;
}

function title(page: string): string {
  const heading = /^# (.+)$/m.exec(readFileSync(join(REPOSITORY, page), 'utf8'))?.[1];
  return heading?.replaceAll('`', '') ?? basename(page, '.md');
}
