import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runSluice } from '#test/helpers/cli.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';

const body = Buffer.alloc(1_048_576, 'dry ');
let web: Web;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-dry-run-'));
  web = await startWeb((request, response) => {
    if (request.url?.startsWith('/gone')) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-length': body.length }).end(body);
  });
});
afterAll(async () => {
  await web.stop();
  await rm(folder, { recursive: true, force: true });
});

// There are no AWS credentials: a dry run needs none.
const dryRun = (...args: string[]) => runSluice(['run', '--dry-run', ...args], { PATH: process.env.PATH });

describe('sluice run --dry-run', () => {
  it('sluice run --dry-run shows for each source where it would land, its size and its cost, and starts nothing', async () => {
    const { code, out } = await dryRun(`${web.url}/{yyyy}.csv`, '--to', 'raw/day');
    expect(code).toBe(0);
    expect(out).toMatch(/^raw\/day\/\d{4}\.csv +1\.0 MiB +one request .*\$/m);
    expect(out).toMatch(/would have 1 item\. .*1\.0 MiB; about \$\S+ to land, \$\S+ a month to keep/);
    expect(out).toContain('Nothing was started.');
  });

  it('sluice run --dry-run has the exit code of the run, and says what to do about a source that refuses', async () => {
    const { code, out } = await dryRun(`${web.url}/a.csv`, `${web.url}/gone.csv`);
    expect([code, out]).toEqual([3, expect.stringContaining('(probe) source-refused: ')]);
    expect(out).toContain('for 404 and 410 correct the URL');
    expect((await dryRun(`${web.url}/gone.csv`)).code).toBe(1);
  });

  it('sluice run --dry-run does not tell a person to retry a run that does not exist, if a source cannot be reached', async () => {
    const gone = await startWeb(() => {});
    await gone.stop();
    const { code, out } = await dryRun(`${gone.url}/a.csv`);
    expect([code, out]).toEqual([1, expect.stringContaining('source-unavailable')]);
    expect(out).toContain('check the URL, and try the same command again later');
    expect(out).not.toContain('retry');
  });

  it('sluice run --dry-run prints the same as JSON', async () => {
    const { out } = await dryRun(`${web.url}/a.csv`, `${web.url}/gone.csv`, '--json');
    expect(JSON.parse(out)).toMatchObject({
      count: 2,
      items: [
        {
          look: { bytes: body.length, lands: 'one request' },
          dollars: { s3Requests: expect.any(Number) },
          problem: null,
        },
        { look: null, dollars: null, problem: { code: 'source-refused' } },
      ],
    });
  });

  it('sluice run --dry-run finds every mistake of a list with the code of Plan, before it sends a request', async () => {
    const list = join(folder, 'list.txt');
    await writeFile(list, `${web.url}/a.csv\nfoo\n${web.url}/a.csv\n`);
    const { code, err } = await dryRun('--from', list);
    expect(code).toBe(2);
    expect(err).toContain('list.txt line 2.url: takes an absolute URL, got "foo"');
    expect(err).toContain('two sources would land at this key');
  });
});
