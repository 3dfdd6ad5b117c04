import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageOf } from '#run/fleet/message-of.ts';
import { lastSign } from '#run/fleet/signs-of-life.ts';
import { runKeys } from '#run/keys.ts';
import { plannedItems } from '#run/ledger/progress.ts';
import { readPlanSummary } from '#run/plan/plan-summary.ts';
import { listKeys } from '#run/store.ts';
import { useDeployedAws } from '#test/helpers/deployed.ts';
import { csvNamed, startWeb, type Web } from '#test/helpers/web.ts';
import { killWorkers } from '#test/helpers/worker-processes.ts';

const aws = await useDeployedAws('by-turns');
let web: Web;
let hold = true;

describe('workers and the gate', () => {
  beforeAll(async () => {
    web = await startWeb((request, response) => {
      if (request.url === '/robots.txt') return void response.writeHead(404).end();
      if (request.url?.startsWith('/held/')) {
        const release = setInterval(() => {
          if (hold) return;
          clearInterval(release);
          response.writeHead(200, { 'content-type': 'text/html' }).end('<html><title>held</title></html>');
        }, 50);
        response.once('close', () => clearInterval(release));
        return;
      }
      response.writeHead(200).end(csvNamed(request.url ?? ''));
    });
  });
  afterAll(() => web.stop());

  describe('the gate', () => {
    it('the gate waits by NotReadyError, with that name in the history, and opens when the work is done', async () => {
      hold = true;
      const arn = await aws.start({
        work: [{ processor: 'scrape', name: 'awaited', input: { url: `${web.url}/held/awaited` } }],
      });
      const notReady = async () =>
        (await aws.history(arn)).filter((event) => event.taskFailedEventDetails?.error === 'NotReadyError');
      await expect.poll(async () => (await notReady()).length).toBeGreaterThan(1);
      hold = false;
      expect((await notReady())[0]?.taskFailedEventDetails?.cause).toContain('0 of 1 done, 0 failed, 1 to go');
      expect((await aws.end(arn)).manifest).toMatchObject({ outcome: 'complete', forced: false });
    });
  });

  describe('a worker', () => {
    it.runIf(process.platform === 'linux')(
      'a worker that is killed in the middle of an item is replaced, and nothing is lost',
      async () => {
        hold = true;
        // A page of its own: the worker must not be killed before the item has begun.
        const page = '/held/killed';
        const arn = await aws.start({ work: [{ processor: 'scrape', name: 'held', input: { url: web.url + page } }] });
        const fetched = () => web.requests.filter((request) => request === `GET ${page}`).length;
        await expect.poll(fetched).toBeGreaterThan(0);
        const before = fetched();
        expect(await killWorkers(aws.queue.url)).toBeGreaterThan(0);
        await expect.poll(fetched).toBeGreaterThan(before);
        hold = false;
        const run = await aws.end(arn);
        expect(run.manifest).toMatchObject({ outcome: 'complete', forced: false, counts: { done: 1 } });
        // There is a second worker, or a later one if a busy machine delayed heartbeats.
        expect(run.items[0]?.result?.attempt).toBeGreaterThan(1);
        // By the id of its task, by which the gatekeeper looks for its signs of life.
        const worker = run.items[0]?.result?.worker ?? '';
        expect(worker).toMatch(/^[0-9a-f-]{32,36}$/);
        expect(await lastSign(aws.store, worker)).toBeInstanceOf(Date);
      },
    );

    it('a worker does the work once when its message is delivered twice', async () => {
      const first = await aws.run({
        sources: [{ url: `${web.url}/once.csv`, key: 'twice/once.csv' }],
        process: 'profile',
      });
      const before = first.items[0]?.result;
      const [item] = await Array.fromAsync(plannedItems(aws.store, await readPlanSummary(aws.store, first.runId)));
      if (item === undefined || before === undefined) throw new Error('the first run has no result');
      const message = messageOf(first.runId, item, {
        bucket: aws.store.bucket,
        bytes: first.items[0]?.landed?.bytes ?? 0,
      });
      for (let copy = 0; copy < 2; copy++) {
        await aws.queue.client.send(
          new SendMessageCommand({ QueueUrl: aws.queue.url, MessageBody: JSON.stringify(message) }),
        );
      }
      // Another run starts a worker that also receives the copies.
      const second = await aws.run({
        sources: [{ url: `${web.url}/other.csv`, key: 'twice/other.csv' }],
        process: 'profile',
      });
      expect(second.manifest).toMatchObject({ outcome: 'complete' });
      expect(await Array.fromAsync(listKeys(aws.store, runKeys(first.runId).ledger('results')))).toHaveLength(1);
      expect(await Array.fromAsync(listKeys(aws.store, runKeys(first.runId).ledger('late')))).toEqual([]);
      expect(
        (
          await aws.end(
            first.runId && `${aws.outputs.StateMachineArn.replace(':stateMachine:', ':execution:')}:${first.runId}`,
          )
        ).items[0]?.result,
      ).toEqual(before);
    });
  });
});
