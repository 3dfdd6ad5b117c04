/** `npm run docs:screenshots`: takes the pictures of the pages that README shows, from made-up runs, by Chromium. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { scriptOptions } from '#local/script-options.ts';
import { renderRunPage } from '#page/run/run-page.ts';
import { renderRunsPage } from '#page/runs/runs-page.ts';
import { findBrowser } from '#test/helpers/browser.ts';
import { PAGES, sampleRuns } from '#test/helpers/page-samples.ts';

scriptOptions({
  command: 'npm run docs:screenshots --',
  about: 'Takes the pictures of the pages that README shows, from made-up runs, by Chromium.',
});

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const DESK = { width: 1_280, height: 860 };

const run = renderRunPage(PAGES.partial());
const pictures = [
  { name: 'run-page', html: run, viewport: DESK, colorScheme: 'light' },
  { name: 'run-page-timeline', html: run, viewport: DESK, colorScheme: 'dark', part: '#timeline' },
  { name: 'run-page-phone', html: run, viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
  {
    name: 'runs-page',
    html: renderRunsPage('Sluice', sampleRuns(), 500),
    viewport: { ...DESK, height: 620 },
    colorScheme: 'light',
  },
] as const;

const executablePath = findBrowser();
if (executablePath === undefined)
  throw new Error('there is no Chromium: install it, or name one in SLUICE_TEST_BROWSER');
const folder = await mkdtemp(join(tmpdir(), 'sluice-pictures-'));
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  await mkdir(IMAGES, { recursive: true });
  for (const { name, html, viewport, colorScheme, ...of } of pictures) {
    const file = join(folder, `${name}.html`);
    await writeFile(file, html);
    const page = await browser.newPage({ viewport, colorScheme });
    await page.goto(pathToFileURL(file).href);
    const path = join(IMAGES, `${name}.png`);
    if ('part' in of) await page.locator(of.part).screenshot({ path });
    else await page.screenshot({ path });
    await page.close();
  }
} finally {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
}
