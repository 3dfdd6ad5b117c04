import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineProcessor, type Processor } from '#processors/contract/processor.ts';
import { listKeys, readJson } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { type S3FaultRule, s3Errors } from '#test/helpers/s3-fault-proxy/fault.ts';
import { startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';
import { WorkerRig } from '#test/helpers/worker.ts';
import { claimAttempt } from '#worker/runtime/attempts.ts';
import { runWorker } from '#worker/runtime/run-worker.ts';

const aws = useEmbeddedAws();
let runs = 0;

async function rig(process: Processor<Record<string, never>>['process']): Promise<WorkerRig> {
  const job = defineProcessor({ name: 'job', options: z.strictObject({}), process }) as Processor;
  return new WorkerRig(await aws.store(), await aws.queue(), `run-${++runs}`, [job]);
}

/** Works through an S3 that fails by rules. @returns the summary, and how often a fault happened. */
async function workWithFaults(test: WorkerRig, rules: readonly S3FaultRule[], settings = {}) {
  await using proxy = await startS3FaultProxy(aws.client().endpoint, { seed: 1, rules });
  const client = new S3Client({ ...aws.client(), endpoint: proxy.endpoint, forcePathStyle: true, maxAttempts: 5 });
  const store = { ...test.store, client };
  const summary = await runWorker({ ...test.parts(settings), store }, new AbortController().signal);
  return { summary, faults: proxy.happened.length };
}

const attemptsOf = async (test: WorkerRig) =>
  (await Array.fromAsync(listKeys(test.store, `runs/${test.runId}/attempts/`))).map((key) => key.split('/').at(-1));

describe.concurrent('the tries at an item', () => {
  it('an attempt that still runs does not count as dead, and its item gets no second copy beyond its allowed attempts', async () => {
    let begun = 0;
    const test = await rig(async () => {
      begun++;
      await sleep(2_000);
      return 'of the first';
    });
    const message = test.message('a', 'job');
    await Promise.all([test.send(message), test.send(message)]);
    expect(await test.work({ maxAttempts: 1, itemsAtOnce: 2 })).toMatchObject({ done: 1, skipped: 1, failed: 0 });
    expect(begun).toBe(1);
    expect(await test.result(message)).toMatchObject({ result: 'of the first' });
    expect(await test.failure(message)).toBeUndefined();
    expect(await test.messagesLeft()).toEqual({ visible: 0, inFlight: 0 });
  });

  it('a message that is delivered twice becomes visible again when the lease of the first attempt ends', async () => {
    const test = await rig(async () => 'by the second worker');
    const message = test.message('a', 'job');
    await test.send(message);
    // What a worker leaves that received the message before, and hangs.
    const [delivery] = await test.parts({ visibilitySeconds: 1 }).queue.receive(1, 5);
    if (delivery === undefined) throw new Error('the message was not received');
    const first = await claimAttempt(test.store, { ...message, stage: 'process' }, delivery, 'the first', 600);
    const work = test.work({ maxAttempts: 1, idleSeconds: 8, visibilitySeconds: 6 });
    await expect.poll(() => attemptsOf(test)).toContainEqual(expect.stringContaining('-interrupted'));
    // The lease of the first try ends.
    await first.endInFailure();
    const summary = await work;
    // It waits for the lease, and then counts the try as dead.
    expect(summary).toMatchObject({ failed: 1, done: 0 });
    expect(summary.retry).toBeGreaterThan(0);
    expect(await test.failure(message)).toMatchObject({ problem: { error: 'WorkerDiedError' } });
  });

  it('an attempt whose lease has expired allows another attempt', async () => {
    const test = await rig(async () => 'again');
    const message = test.message('a', 'job');
    await claimAttempt(test.store, { ...message, stage: 'process' }, { messageId: 'x', receiveCount: 1 }, 'dead', 0);
    await test.send(message);
    expect(await test.work({ maxAttempts: 2 })).toMatchObject({ done: 1 });
    expect(await test.result(message)).toMatchObject({ attempt: 2 });
  });

  it('each heartbeat extends the lease', async () => {
    const leases: string[] = [];
    const test = await rig(async (_item, { signal }) => {
      for (let count = 0; count < 200 && new Set(leases).size < 3 && !signal.aborted; count++) {
        await sleep(50);
        const [key = ''] = await Array.fromAsync(listKeys(test.store, `runs/${test.runId}/attempts/`));
        const claim = await readJson(test.store, key, z.object({ leaseUntil: z.string() }));
        leases.push(claim?.leaseUntil ?? '');
      }
      return null;
    });
    await test.send(test.message('a', 'job'));
    expect(await test.work({ heartbeatSeconds: 0.2 })).toMatchObject({ done: 1 });
    const seen = [...new Set(leases)];
    expect(seen.length).toBeGreaterThanOrEqual(3);
    expect(seen).toEqual(seen.toSorted());
  });

  it('a claim whose answer is lost counts as one attempt', async () => {
    const test = await rig(async () => 'done');
    const message = test.message('a', 'job');
    await test.send(message);
    const { summary, faults } = await workWithFaults(
      test,
      [{ when: { operation: 'PutObject', key: /attempts/, nth: 1 }, fault: { kind: 'lost-answer' } }],
      { maxAttempts: 1 },
    );
    expect(faults).toBe(1);
    expect(summary).toMatchObject({ done: 1 });
    expect(await attemptsOf(test)).toEqual(['1.json']);
  });

  it.each<[string, S3FaultRule['fault'], number]>([
    ['nine 503s', s3Errors.slowDown, 9],
    ['an object that S3 speaks of and does not have', s3Errors.preconditionFailed, 2],
  ])('a finished result is recorded through %s, and the work is done once', async (_name, fault, times) => {
    let begun = 0;
    const test = await rig(async () => ++begun);
    const message = test.message('a', 'job');
    await test.send(message);
    const rules = [
      { when: { operation: 'PutObject', key: /results/, nth: (nth: number) => nth <= times }, fault },
    ] as const;
    const { summary, faults } = await workWithFaults(test, rules);
    expect(faults).toBe(times);
    expect(summary).toMatchObject({ done: 1, retry: 0, failed: 0 });
    expect(begun).toBe(1);
    expect(await test.result(message)).toMatchObject({ attempt: 1, result: 1 });
  });

  it('a worker that stops while S3 stores no record returns the item, and the attempt does not count', async () => {
    const stop = new AbortController();
    const test = await rig(async () => {
      setTimeout(() => stop.abort(), 1_000);
      return 'never recorded';
    });
    await test.send(test.message('a', 'job'));
    const client = new S3Client(aws.client());
    client.middlewareStack.add(
      (next) => (request) => {
        const { Key = '' } = request.input as { Key?: string };
        if (Key.includes('/results/') && 'Body' in request.input) throw new Error('S3 takes no results');
        return next(request);
      },
      { step: 'initialize' },
    );
    const parts = { ...test.parts({ stopSeconds: 30, maxAttempts: 1 }), store: { ...test.store, client } };
    expect(await runWorker(parts, stop.signal)).toMatchObject({ returned: 1, failed: 0 });
    expect(await attemptsOf(test)).toEqual(['1-interrupted.json', '1.json']);
  });

  it('an interrupted attempt is marked before its message becomes visible', async () => {
    const stop = new AbortController();
    const test = await rig(async (_item, { signal }) => {
      stop.abort();
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      return null;
    });
    await test.send(test.message('a', 'job'));
    const parts = test.parts({ stopSeconds: 30 });
    const marks: unknown[] = [];
    const queue = {
      ...parts.queue,
      giveBack: async (...args: Parameters<typeof parts.queue.giveBack>) => {
        marks.push(await attemptsOf(test));
        await parts.queue.giveBack(...args);
      },
    };
    expect(await runWorker({ ...parts, queue }, stop.signal)).toMatchObject({ returned: 1 });
    expect(marks).toEqual([['1-interrupted.json', '1.json']]);
  });
});
