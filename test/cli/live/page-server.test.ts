import { request } from 'node:http';
import { chromium } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { servePage } from '#cli/live/page-server.ts';
import { record, recordResult } from '#run/ledger/ledger.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { findBrowser } from '#test/helpers/browser.ts';
import { endRun, failureRecord, landedRecord, resultRecord, sourceNamed, writePlan } from '#test/helpers/run.ts';

const aws = useEmbeddedAws();

/** A request as a browser sends it for another host name of this machine. */
function statusOf(url: string, options: { host?: string; method?: string }): Promise<number | undefined> {
  const { host = new URL(url).host, method = 'GET' } = options;
  return new Promise((resolve, reject) => {
    request(url, { method, headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe('the living page of a run', () => {
  it('the living page waits for the plan, shows what has arrived so far, and at the end shows the page of the end', async () => {
    const store = await aws.store();
    const [one, two] = [sourceNamed('raw/one'), sourceNamed('raw/two')];
    await using server = await servePage(store, 'live');
    const text = async () => (await fetch(server.url)).text();
    expect(await text()).toContain('has not planned its items yet');

    const plan = await writePlan(store, 'live', [one, two]);
    await record(store, 'failures', failureRecord('live', two));
    await expect.poll(text).toContain('0 of 2 items done, 1 failed, 1 to go.');
    await record(store, 'landed', landedRecord('live', one, store.bucket));
    await expect.poll(text).toContain('under way');
    await recordResult(store, resultRecord('live', one));
    await expect.poll(text).toContain('1 of 2 items done, 1 failed.');
    const { headers } = await fetch(server.url);
    const etag = headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]+"$/);

    await endRun(store, plan, { forced: false, reason: null });
    await expect.poll(text).toContain('>partial</span>');
    expect((await fetch(server.url, { headers: { 'if-none-match': etag } })).status).toBe(200);
    await server.lastLook();
    expect(await (await fetch(new URL('../index.html', server.url))).text()).toContain('live/report.html');
  });

  it('the living page is served only to this machine and under its own host names, read-only, with nothing else of the bucket', async () => {
    const store = await aws.store();
    await writePlan(store, 'live', [sourceNamed('a')]);
    await using server = await servePage(store, 'live');
    const at = (path: string) => new URL(path, server.url).href;
    expect(await statusOf(server.url, {})).toBe(200);
    expect(await statusOf(server.url, { host: 'evil.example.org' })).toBe(403);
    expect(await statusOf(server.url, { method: 'POST' })).toBe(405);
    for (const path of ['/runs/live/plan.json', '/raw/a', '/runs/..%2f/x/report.html', '/runs/index.html']) {
      expect(await statusOf(at(path), {}), path).toBe(404);
    }
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/runs\/live\/report\.html$/);
  });
});

const executablePath = findBrowser();
const why =
  executablePath === undefined ? ' (SKIPPED: install chromium, or name a browser in SLUICE_TEST_BROWSER)' : '';
describe.skipIf(executablePath === undefined)(`in Chromium${why}`, { tags: ['heavy'] }, () => {
  it('the living page is updated until the run has ended, and keeps what the reader has typed', async () => {
    const store = await aws.store();
    const [one, two] = [sourceNamed('raw/one'), sourceNamed('raw/two')];
    const plan = await writePlan(store, 'live', [one, two]);
    await using server = await servePage(store, 'live');
    const browser = await chromium.launch({ ...(executablePath && { executablePath }), args: ['--no-sandbox'] });
    await using closing = new AsyncDisposableStack();
    closing.defer(() => browser.close());
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => complaints.push(message.text()));
    await page.goto(server.url);
    await page.locator('#search').fill('one');
    expect(await page.locator('#items tbody').textContent()).toContain('not started');

    for (const item of [one, two]) await record(store, 'landed', landedRecord('live', item, store.bucket));
    await recordResult(store, resultRecord('live', one));
    await expect.poll(() => page.locator('.verdict').textContent()).toContain('1 of 2 items done');
    expect(await page.locator('#search').inputValue()).toBe('one');
    expect(await page.locator('#items tbody tr').count()).toBe(1);
    expect(await page.locator('#items tbody').textContent()).toContain('done');

    await endRun(store, plan, { forced: true, reason: 'late' });
    await expect.poll(() => page.locator('.verdict').textContent()).toContain('1 missing');
    await server.lastLook();
    expect(complaints).toEqual([]);
  });
});
