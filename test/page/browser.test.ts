// @module-tag heavy
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { buildSync } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ESM_BUNDLE } from '#lib/bundling/esm-bundle.ts';
import { renderRunPage } from '#page/run/run-page.ts';
import { renderRunsPage } from '#page/runs/runs-page.ts';
import { findBrowser } from '#test/helpers/browser.ts';
import { PAGES, sampleRuns } from '#test/helpers/page-samples.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Hosted CI keeps them. */
const SCREENSHOTS = join(ROOT, '.sluice/screenshots');
const WIDTHS = [390, 1_280];
const SCHEMES = ['light', 'dark'] as const;

const executablePath = findBrowser();
const why =
  executablePath === undefined ? ' (SKIPPED: install chromium, or name a browser in SLUICE_TEST_BROWSER)' : '';

describe.skipIf(executablePath === undefined)(`in Chromium${why}`, () => {
  let browser: Browser;
  let folder: string;
  const addresses = new Map<string, string>();

  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    folder = await mkdtemp(join(tmpdir(), 'sluice-pages-'));
    const write = (name: string, html: string) => {
      const file = join(folder, `${name}.html`);
      writeFileSync(file, html);
      addresses.set(name, pathToFileURL(file).href);
    };
    for (const [name, view] of Object.entries(PAGES)) write(name, renderRunPage(view()));
    write('runs', renderRunsPage('Sluice', sampleRuns(), 500));
    browser = await chromium.launch({ ...(executablePath && { executablePath }), args: ['--no-sandbox'] });
  });

  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Opens a page; whatever it complains of fails the test that opened it. */
  async function opened(name: string, width = 1_280, colorScheme: (typeof SCHEMES)[number] = 'light') {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: false });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (request.url() !== addresses.get(name)) complaints.push(`asks for ${request.url()}`);
    });
    await page.goto(addresses.get(name) ?? '');
    return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
  }

  const rows = (page: Page) => page.locator('#items tbody tr:not(.opened)');

  const looks = [...Object.keys(PAGES), 'runs'].flatMap((name) =>
    WIDTHS.flatMap((width) => SCHEMES.map((scheme) => ({ name, width, scheme }))),
  );
  it.each(looks)(
    '$name at $width pixels, $scheme: axe finds no problem, and nothing is wider than the window',
    async (look) => {
      const { name, width, scheme } = look;
      await using open = await opened(name, width, scheme);
      const { page } = open;
      // The tallest page is 40 screens; a picture of the first few says all.
      const clip = {
        x: 0,
        y: 0,
        width,
        height: Math.min(6_000, await page.evaluate('document.documentElement.scrollHeight')),
      };
      await page.screenshot({ path: join(SCREENSHOTS, `${name}-${width}-${scheme}.png`), fullPage: true, clip });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      if (name !== 'runs') await rows(page).first().locator('.more').click();
      await page.evaluate(axe.source);
      const { violations, passes } = (await page.evaluate('axe.run()')) as {
        violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
        passes: unknown[];
      };
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`)).toEqual([]);
      expect(passes.length).toBeGreaterThan(15);
      expect(open.complaints).toEqual([]);
    },
  );

  it('the page of a run searches, filters, sorts and pages through 10,000 items', async () => {
    await using open = await opened('many');
    const { page } = open;
    const counted = page.locator('#counted');
    expect(await counted.textContent()).toBe('1 to 100 of 10,000');
    await page.locator('[data-page="1"]').click();
    expect(await counted.textContent()).toBe('101 to 200 of 10,000');

    await page.locator('#search').fill('trips-00123');
    await expect.poll(() => counted.textContent()).toBe('1 to 1 of 1');
    expect(await rows(page).first().textContent()).toContain('trips-00123.csv.gz');
    await page.locator('#search').fill('');

    await page.locator('[data-status="bad rows"]').click();
    const bad = await rows(page).count();
    expect(bad).toBeGreaterThan(0);
    expect(await page.locator('#items tbody td.warn-text').count()).toBe(bad);
    await page.locator('[data-status="bad rows"]').click();

    await page.locator('[data-sort="bytes"]').click();
    expect(await page.locator('th[aria-sort="descending"]').textContent()).toBe('Size');
    const sizes = await page.locator('#items tbody td:nth-child(3)').allTextContents();
    const mib = sizes.map((size) => Number.parseFloat(size));
    expect(mib).toEqual(mib.toSorted((one, other) => other - one));
    expect(open.complaints).toEqual([]);
  });

  it('the page of a run shows an item’s details, and copies its commands', async () => {
    await using open = await opened('partial');
    const { page } = open;
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const button = rows(page).filter({ hasText: 'bad-rows' }).locator('.more');
    await button.click();
    expect(await button.getAttribute('aria-expanded')).toBe('true');
    const details = page.locator('.details');
    for (const word of ['size, crc32', 'vendor_id BIGINT', 'has 6 fields', 'rejects.jsonl']) {
      expect(await details.textContent()).toContain(word);
    }
    expect(await details.locator('a', { hasText: 'data_0.parquet' }).getAttribute('href')).toMatch(
      /^https:\/\/eu-central-1\.console\.aws\.amazon\.com\/s3\/object\/sluice-bucket\?region=eu-central-1&prefix=output%2Fpartial%2F[0-9a-f]{32}%2F1%2Fdata_0\.parquet$/,
    );
    const copy = page.locator('.copy').first();
    await copy.click();
    await expect.poll(() => copy.textContent()).toBe('Copied');
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('npx sluice retry partial');
  });

  it('the page of a run opens the tables below its charts for printing', async () => {
    await using open = await opened('complete');
    await open.page.evaluate('dispatchEvent(new Event("beforeprint"))');
    expect(await open.page.locator('details:not([open])').count()).toBe(0);
    const pdf = await open.page.pdf();
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  });

  it('the page of a run runs no script that the name of a source contains', async () => {
    await using open = await opened('hostile');
    const { page } = open;
    await page.locator('#search').fill('<');
    for (const button of await page.locator('.more').all()) await button.click();
    expect(await page.locator('main img, main script, svg script').count()).toBe(0);
    expect(await page.locator('a[href^="javascript"]').count()).toBe(0);
    expect(open.complaints).toEqual([]);
  });

  it('the page of a run works with the minified bundle that is deployed', async () => {
    const outfile = join(folder, 'bundled.mjs');
    buildSync({ ...ESM_BUNDLE, entryPoints: [join(ROOT, 'page/run/run-page.ts')], outfile, logLevel: 'error' });
    const bundled = (await import(pathToFileURL(outfile).href)) as { renderRunPage: typeof renderRunPage };
    const file = join(folder, 'minified.html');
    writeFileSync(file, bundled.renderRunPage(PAGES.partial()));
    addresses.set('minified', pathToFileURL(file).href);
    await using open = await opened('minified');
    await open.page.locator('#search').fill('withdrawn');
    await expect.poll(() => open.page.locator('#counted').textContent()).toBe('1 to 1 of 1');
    await rows(open.page).first().locator('.more').click();
    expect(await open.page.locator('.details').textContent()).toContain('answered 404');
    expect(open.complaints).toEqual([]);
  });

  it('the page of all runs filters by a schedule in its address, and by outcome', async () => {
    await using open = await opened('runs');
    const { page } = open;
    const shown = page.locator('tbody tr:not([hidden])');
    const all = await shown.count();
    await page.evaluate('location.hash = "schedule=hourly"');
    await expect.poll(() => shown.count()).toBeLessThan(all);
    await page.locator('#search').fill('');
    await page.locator('[data-status="partial"]').click();
    for (const row of await shown.all()) expect(await row.getAttribute('data-outcome')).toBe('partial');
  });
});
