// @module-tag heavy

import { setTimeout as sleep } from 'node:timers/promises';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { listKeys } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { recordedItems } from '#test/helpers/run.ts';
import { seededRandom } from '#test/helpers/s3-fault-proxy/random.ts';
import { startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';
import { WorkerRig } from '#test/helpers/worker.ts';
import { type RunningWorker, useWorkerProcesses } from '#test/helpers/worker-process.ts';

const ITEMS = 40;
const KILLS = 6;

const aws = useEmbeddedAws();
const workers = useWorkerProcesses();
let web: Web | undefined;
afterEach(() => web?.stop());

describe('workers that are killed at random, with duplicate messages and an S3 that fails at times', () => {
  it('workers that are killed at random end every item exactly once, with duplicate messages and an S3 that sometimes fails', async () => {
    const seed = Date.now() % 1_000_000;
    console.log(`seed ${seed}`);
    const random = seededRandom(seed);
    web = await startWeb((request, response) => {
      if (request.url === '/robots.txt') return void response.writeHead(404).end();
      // Long enough that a kill hits items under way.
      setTimeout(() => response.writeHead(200, { 'content-type': 'text/html' }).end('<title>page</title>'), 150);
    });
    const test = new WorkerRig(await aws.store(), await aws.queue(), 'chaos', []);
    await using proxy = await startS3FaultProxy(aws.client().endpoint, {
      seed,
      rules: [
        {
          when: { operation: ['PutObject', 'GetObject', 'HeadObject'], key: /^(runs|output)/, probability: 0.05 },
          fault: { kind: 'error', status: 503, code: 'SlowDown' },
        },
        { when: { operation: 'PutObject', key: /^runs/, probability: 0.05 }, fault: { kind: 'lost-answer' } },
      ],
    });
    const environment = {
      ...(await workers.install(test, aws.client(), {
        // What a killed worker had comes back soon.
        visibilitySeconds: 3,
        maxAttempts: 10,
        retrySeconds: 1,
        idleSeconds: 5,
      })),
      AWS_ENDPOINT_URL_S3: proxy.endpoint,
    };
    const messages = Array.from({ length: ITEMS }, (_, n) =>
      test.message(`site ${n}`, 'scrape', {
        input: { url: `${web?.url}/${n}` },
        process: { processor: 'scrape', options: { delaySeconds: 0 } },
      }),
    );
    for (const message of messages) {
      await test.send(message);
      if (random() < 0.2) await test.send(message);
    }

    const running: RunningWorker[] = [workers.start(environment), workers.start(environment)];
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(500 + 1_500 * random());
      const slot = random() < 0.5 ? 0 : 1;
      running[slot]?.child.kill('SIGKILL');
      running[slot] = workers.start(environment);
    }
    const results = () => recordedItems(test.store, test.runId, 'results');
    await expect.poll(async () => (await results()).size, { interval: 500 }).toBe(ITEMS);
    for (const worker of running) expect(await worker.exited).toBe(0);
    const attempts = (await Array.fromAsync(listKeys(test.store, 'runs/chaos/attempts/'))).length;
    console.log(`${proxy.happened.length} faults, ${attempts} attempts`);

    // Else it was no chaos.
    expect(proxy.happened.length).toBeGreaterThan(5);
    expect(attempts).toBeGreaterThan(ITEMS);
    expect(await results()).toEqual(new Set(messages.map(({ item }) => item)));
    expect((await recordedItems(test.store, test.runId, 'failures')).size).toBe(0);
    expect(await test.messagesLeft()).toEqual({ visible: 0, inFlight: 0 });
    for (const message of messages) {
      const result = await test.result(message);
      const [output] = result?.outputs ?? [];
      expect(output?.key).toBe(`output/chaos/${message.item}/${result?.attempt}/pages.jsonl`);
      const stored = await test.store.client.send(
        new HeadObjectCommand({ Bucket: test.store.bucket, Key: output?.key }),
      );
      expect(stored.ContentLength).toBe(output?.bytes);
    }
  });
});
