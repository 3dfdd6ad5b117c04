import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployStack } from '#local/deploy.ts';
import { deployedAws } from '#test/helpers/deployed.ts';
import { type EarlierVersion, earlierVersion, NoSuchCommitError } from '#test/helpers/earlier-version.ts';
import { startTestAws } from '#test/helpers/embedded-aws.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';
import from from './upgrades-from.json' with { type: 'json' };

/** `SLUICE_UPGRADE_FROM=HEAD^` tries another commit than the oldest one from which an upgrade has to work. */
const COMMIT = process.env.SLUICE_UPGRADE_FROM ?? from.commit;

const SETTINGS = {
  'gate.intervalSeconds': 1,
  'gate.attempts': 900,
  'gate.mayEndBeforeItems': true,
  'workers.max': 2,
  'workers.itemsAtOnce': 1,
  'workers.itemsPerWorker': 1,
  'sources.openRanges': ['127.0.0.0/8'],
};

let aws: Awaited<ReturnType<typeof startTestAws>>;
let web: Web;
let hold = true;

beforeAll(async () => {
  aws = await startTestAws();
  web = await startWeb((request, response) => {
    if (request.url === '/robots.txt') return void response.writeHead(404).end();
    const release = setInterval(() => {
      if (hold) return;
      clearInterval(release);
      response.writeHead(200, { 'content-type': 'text/html' }).end('<title>page</title>');
    }, 50);
    response.once('close', () => clearInterval(release));
  });
});
afterAll(async () => {
  await web?.stop();
  await aws?.stop();
});

const work = (run: string, count: number) => ({
  work: Array.from({ length: count }, (_, n) => ({
    processor: 'scrape',
    name: `page ${n}`,
    input: { url: `${web.url}/${run}/${n}` },
    // Longer than the deploy takes on a busy machine.
    options: { timeoutSeconds: 300 },
  })),
});
const pagesAsked = (run: string) => web.requests.filter((request) => request.startsWith(`GET /${run}/`)).length;

describe(`a deploy over ${COMMIT} while its workers are busy`, () => {
  it('a deploy while workers are busy lets the run under way end complete, and also a run that starts after it', async (context) => {
    let earlier: EarlierVersion;
    try {
      earlier = await earlierVersion(COMMIT, join(aws.folder, 'earlier'));
    } catch (error) {
      // A shallow clone or a tarball lacks the commit. A test that did not run must not look like one that passed, so
      // it reports this and counts as skipped. Hosted CI fetches the whole history.
      if (!(error instanceof NoSuchCommitError)) throw error;
      console.error(`NOT RUN: the upgrade test, for ${error.message}`);
      return context.skip(error.message);
    }
    const before = deployedAws({
      client: aws.client,
      requestsFile: aws.requestsFile,
      outputs: await earlier.deployStack(aws, { folder: join(aws.folder, 'before'), settings: SETTINGS }),
    });
    const underWay = await before.start(work('old', 5));
    // Both workers are in the middle of an item, and three messages wait.
    await expect.poll(() => pagesAsked('old')).toBe(2);

    const after = deployedAws({
      client: aws.client,
      requestsFile: aws.requestsFile,
      outputs: await deployStack(aws, { folder: join(aws.folder, 'after'), settings: SETTINGS, base: {} }),
    });
    expect(after.outputs.StateMachineArn).toBe(before.outputs.StateMachineArn);
    expect(after.outputs.QueueUrl).toBe(before.outputs.QueueUrl);
    const next = await after.start(work('new', 3));
    hold = false;

    const [first, second] = [await before.end(underWay, 240), await after.end(next, 240)];
    for (const [run, items] of [
      [first, 5],
      [second, 3],
    ] as const) {
      expect(run.cause).toBeUndefined();
      expect(run.status).toBe('SUCCEEDED');
      expect(run.manifest).toMatchObject({
        outcome: 'complete',
        forced: false,
        counts: { items, done: items, failed: 0, missing: 0 },
      });
    }
    // Nothing was done twice, so no worker lost the item that it was processing.
    expect(first.items.map(({ result }) => result?.attempt)).toEqual([1, 1, 1, 1, 1]);
    expect(pagesAsked('old')).toBe(5);
  }, 600_000);
});
