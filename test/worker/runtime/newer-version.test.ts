import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineProcessor, type Processor } from '#processors/contract/processor.ts';
import { NewerVersionError } from '#run/newer-version.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { QUICK_SETTINGS, WorkerRig } from '#test/helpers/worker.ts';
import { claimAttempt } from '#worker/runtime/attempts.ts';

const aws = useEmbeddedAws();
let runs = 0;

async function rig(...processors: Processor[]): Promise<WorkerRig> {
  return new WorkerRig(await aws.store(), await aws.queue(), `run-${++runs}`, processors);
}

function job(name: string, process: () => Promise<string>): Processor {
  return defineProcessor({ name, options: z.strictObject({}), process }) as Processor;
}

const isPositive = (count: number): boolean => count > 0;

describe('a worker of an older version', () => {
  it.each([
    ['of a higher version', (message: object) => ({ ...message, v: 2, item: { id: 'x' } })],
    ['of a higher version that it could read but for that', (message: object) => ({ ...message, v: 2 })],
    ['with a key more', (message: object) => ({ ...message, priority: 1 })],
    [
      'with a key more in its process',
      (message: object) => ({ ...message, process: { processor: 'ok', options: {}, more: 1 } }),
    ],
  ])(
    'a worker of an older version returns a message %s, records no failure, and ends after its current work',
    async (_name, newer) => {
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const test = await rig(
        job('slow', () => held.then(() => 'finished')),
        job('ok', async () => 'done'),
      );
      const [slow, message] = [test.message('slow', 'slow'), test.message('newer', 'ok')];
      await test.send(slow);
      const working = test.work({ idleSeconds: 600, itemsAtOnce: 1 });
      await expect.poll(() => test.messagesLeft()).toMatchObject({ inFlight: 1 });
      const second = test.work({ idleSeconds: 600, itemsAtOnce: 2 });
      await test.send(newer(message));
      // It leaves, although its queue is not empty and it has been idle for no time. Its last request may bring it once
      // more.
      expect(await second).toMatchObject({ done: 0, outdated: expect.toSatisfy(isPositive), failed: 0, refused: 0 });
      release();
      await test.send(newer(message));
      expect(await working).toMatchObject({ done: 1, outdated: expect.toSatisfy(isPositive), failed: 0, refused: 0 });
      expect(await test.result(slow)).toMatchObject({ result: 'finished' });
      expect(await test.failure(message)).toBeUndefined();
      await expect.poll(() => test.messagesLeft()).toMatchObject({ visible: 2, inFlight: 0 });
    },
  );

  it('a worker of an older version returns an item whose record is of a newer version, without counting the attempt', async () => {
    const test = await rig(
      job('reads', async () => {
        throw new NewerVersionError('a record was written by a newer version of Sluice');
      }),
    );
    const message = test.message('a', 'reads');
    await test.send(message);
    // More often than an item may be tried.
    for (let worker = 0; worker < QUICK_SETTINGS.maxAttempts + 1; worker++) {
      expect(await test.work({ idleSeconds: 600 })).toMatchObject({
        outdated: expect.toSatisfy(isPositive),
        failed: 0,
      });
    }
    expect(await test.failure(message)).toBeUndefined();
    const delivery = { messageId: 'next', receiveCount: 1 };
    const next = await claimAttempt(test.store, { ...message, stage: 'process' }, delivery, 'next', 60);
    expect(await next.others()).toEqual({ ended: 0, alive: [] });
  });

  it('a worker returns an item with an unknown processor a few times for a newer version, and then reports that no worker has the processor', async () => {
    const test = await rig();
    const message = test.message('unknown', 'nobody');
    await test.send(message);
    let outdated = 0;
    while ((await test.failure(message)) === undefined) outdated += (await test.work()).outdated;
    // A worker that leaves may receive the message once more in its last request.
    expect(outdated).toBeGreaterThanOrEqual(2);
    expect(outdated).toBeLessThan(5);
    expect(await test.failure(message)).toMatchObject({
      problem: { error: 'UnknownProcessorError', detail: 'this worker has no processor "nobody"' },
    });
  });
});
