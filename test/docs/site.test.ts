import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linkTo, pages, sidebar } from '#site/pages.ts';
import { anchor } from '#site/repository-links.ts';
import { findBrowser } from '#test/helpers/browser.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SCREENSHOTS = join(ROOT, '.sluice/screenshots');
/** The pages are given to the browser by the test itself, and nothing else is. */
const ORIGIN = 'http://site.test';
/** Typedoc makes these pages, and checks their links itself. */
const API = '/api/index.html';

it('the sidebar of the site has every page once, by its heading, and no tables of measurements', () => {
  const items = sidebar().flatMap(({ items = [] }) => items);
  expect(items.map(({ link }) => link).sort()).toEqual(
    pages()
      .filter((page) => !page.startsWith('bench/results/'))
      .map(linkTo)
      .sort(),
  );
  expect(items).toContainEqual({ text: 'Settings', link: '/docs/settings.md' });
  expect(items).toContainEqual({ text: 'Sluice', link: '/index.md' });
});

it('the API pages are where the site links to', () => {
  expect(readFileSync(join(ROOT, 'site/typedoc.config.mjs'), 'utf8')).toContain(
    `out: '../.sluice/site${dirname(API)}'`,
  );
  expect(readFileSync(join(ROOT, 'site/.vitepress/config.ts'), 'utf8')).toContain(`link: '${API}'`);
});

it('the site names the anchor of a heading as GitHub does', () => {
  expect(anchor('Redshift (`local/redshift`)')).toBe('redshift-localredshift');
  expect(anchor('A token, and a 2nd one_too')).toBe('a-token-and-a-2nd-one_too');
});

const executablePath = findBrowser();
const why =
  executablePath === undefined ? ' (SKIPPED: install chromium, or name a browser in SLUICE_TEST_BROWSER)' : '';

describe('the built site', { tags: ['heavy'] }, () => {
  let site: string;
  let browser: Browser | undefined;

  beforeAll(async () => {
    site = await mkdtemp(join(tmpdir(), 'sluice-site-'));
    execFileSync(
      process.execPath,
      [join(ROOT, 'node_modules/vitepress/bin/vitepress.js'), 'build', 'site', '--outDir', site],
      {
        cwd: ROOT,
        // vitest sets another, which makes Vite build the pages for development.
        env: { ...process.env, NODE_ENV: 'production' },
        stdio: 'pipe',
        timeout: 300_000,
      },
    );
    if (executablePath !== undefined) {
      mkdirSync(SCREENSHOTS, { recursive: true });
      browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    }
  }, 310_000);

  afterAll(async () => {
    await browser?.close();
    await rm(site, { recursive: true, force: true });
  });

  it('each link of the built site leads to a page and a heading, or to a file', () => {
    const files = globSync('**/*.html', { cwd: site, exclude: ['files/**'] }).filter((file) => file !== '404.html');
    expect(files.length).toBe(pages().length);
    const broken: string[] = [];
    let seen = 0;
    for (const file of files) {
      const at = new URL(file, `${ORIGIN}/`);
      for (const [, href = ''] of readFileSync(join(site, file), 'utf8').matchAll(/<a [^>]*?href="([^"]+)"/g)) {
        const to = new URL(href.replaceAll('&amp;', '&'), at);
        if (to.origin !== ORIGIN || !to.hash.startsWith('#')) to.hash = '';
        if (to.origin !== ORIGIN || to.pathname === API) continue;
        seen += 1;
        const target = fileOf(to.pathname);
        const id = decodeURIComponent(to.hash.slice(1)).split(':~:')[0];
        if (!existsSync(target) || (id && !readFileSync(target, 'utf8').includes(`id="${id}"`)))
          broken.push(`${file}: ${href}`);
      }
    }
    expect(seen).toBeGreaterThan(files.length);
    expect(broken).toEqual([]);
  });

  describe.skipIf(executablePath === undefined)(`in Chromium${why}`, () => {
    /** Opens the home page, and collects its errors and its requests to other hosts. */
    async function opened(width: number, colorScheme: 'light' | 'dark') {
      if (browser === undefined) throw new Error('there is no browser, and these tests are skipped then');
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
      const complaints: string[] = [];
      await context.route('**/*', (route) => {
        const url = new URL(route.request().url());
        const file = fileOf(url.pathname);
        if (url.origin === ORIGIN && existsSync(file)) return route.fulfill({ path: file });
        complaints.push(`asks for ${url}`);
        return route.abort();
      });
      const page = await context.newPage();
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(`${ORIGIN}/`, { waitUntil: 'networkidle' });
      return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
    }

    it.each([
      [390, 'light'],
      [390, 'dark'],
      [1_280, 'light'],
      [1_280, 'dark'],
    ] as const)(
      'at %i pixels, %s: axe finds no problem in the text, and nothing is wider than the window',
      async (width, scheme) => {
        await using open = await opened(width, scheme);
        const { page, complaints } = open;
        await page.screenshot({ path: join(SCREENSHOTS, `site-${width}-${scheme}.png`) });
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
        await page.evaluate(axe.source);
        const { violations } = (await page.evaluate('axe.run(".vp-doc")')) as {
          violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
        };
        expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
        expect(complaints).toEqual([]);
      },
    );

    it('the search finds a code and opens its heading', async () => {
      await using open = await opened(1_280, 'light');
      const { page, complaints } = open;
      await page.getByRole('button', { name: 'Search' }).first().click();
      await page.locator('.search-input').fill('source-refused');
      await page.locator('.results .result').first().click();
      await page.waitForURL('**/docs/errors.html#source-refused');
      await page.locator('h1', { hasText: 'Errors' }).waitFor();
      expect(complaints).toEqual([]);
    });
  });

  function fileOf(pathname: string): string {
    const path = decodeURIComponent(pathname);
    return join(site, path.endsWith('/') ? `${path}index.html` : path);
  }
});
