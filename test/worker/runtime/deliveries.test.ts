import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { PurgeQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { PermanentError } from '#processors/contract/permanent-error.ts';
import { defineProcessor, type Processor } from '#processors/contract/processor.ts';
import { workerSignKey } from '#run/keys.ts';
import { listKeys } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { WorkerRig } from '#test/helpers/worker.ts';
import { claimAttempt } from '#worker/runtime/attempts.ts';
import { runWorker } from '#worker/runtime/run-worker.ts';

const aws = useEmbeddedAws();
let runs = 0;

async function rig(...processors: Processor[]): Promise<WorkerRig> {
  return new WorkerRig(await aws.store(), await aws.queue(), `run-${++runs}`, processors);
}

/** A processor of a few lines, with no options. */
function job(name: string, process: Processor<Record<string, never>>['process']): Processor {
  return defineProcessor({ name, options: z.strictObject({}), process }) as Processor;
}

/** Ends when its signal aborts, with the signal's own reason, as well-behaved work does. */
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
  });

describe.concurrent('a worker', () => {
  it('a worker processes an item with its options, input and outputs, then records the result and deletes the message', async () => {
    const test = await rig(
      defineProcessor({
        name: 'echo',
        options: z.strictObject({ times: z.int().default(2) }),
        async process(item, context) {
          const output = context.output('said/echo.txt', 'text/plain');
          output.end(`${String(item.input)} `.repeat(item.options.times));
          await once(output, 'finish');
          return { runId: item.runId, name: item.name, attempt: context.attempt };
        },
      }) as Processor,
    );
    const message = test.message('hello', 'echo', { input: 'hi' });
    await test.send(message);
    expect(await test.work()).toMatchObject({ done: 1, failed: 0 });
    const result = await test.result(message);
    expect(result).toMatchObject({
      processor: 'echo',
      attempt: 1,
      worker: 'worker-1',
      result: { runId: test.runId, name: 'hello', attempt: 1 },
      outputs: [{ key: `output/${test.runId}/${message.item}/1/said/echo.txt`, bytes: 6 }],
    });
    const output = await test.store.client.send(
      new GetObjectCommand({ Bucket: test.store.bucket, Key: result?.outputs[0]?.key }),
    );
    expect(await output.Body?.transformToString()).toBe('hi hi ');
    expect(output.ContentType).toBe('text/plain');
    expect(await test.messagesLeft()).toEqual({ visible: 0, inFlight: 0 });
  });

  it('a worker publishes the outputs of an item if its message asks for it', async () => {
    const test = await rig(
      job('write', async (_item, context) => {
        const output = context.output('data.parquet', 'application/vnd.apache.parquet');
        output.end('table');
        await once(output, 'finish');
        return null;
      }),
    );
    const message = test.message('raw/trips.csv', 'write');
    await test.send({ ...message, process: { ...message.process, to: 'tables/trips/' } });
    await test.work();
    const key = `tables/trips/trips-${message.item.slice(0, 8)}-data.parquet`;
    expect(await test.result(message)).toMatchObject({ publishedTo: 'tables/trips/', published: [{ key, bytes: 5 }] });
    const published = await test.store.client.send(new GetObjectCommand({ Bucket: test.store.bucket, Key: key }));
    expect(await published.Body?.transformToString()).toBe('table');
    expect(published.ContentType).toBe('application/vnd.apache.parquet');
  });

  it('a worker does an item once although its message comes again', async () => {
    let done = 0;
    const test = await rig(job('count', async () => ++done));
    const message = test.message('a', 'count');
    await test.send(message);
    await test.work();
    await test.send(message);
    expect(await test.work()).toMatchObject({ skipped: 1, done: 0 });
    expect(done).toBe(1);
    expect(await test.messagesLeft()).toEqual({ visible: 0, inFlight: 0 });
  });

  it('a worker keeps the outputs of two deliveries at once separate, and the first result', async () => {
    let begun = 0;
    const test = await rig(
      job('slow', async (_item, context) => {
        const order = ++begun;
        while (begun < 2) await sleep(10);
        const output = context.output('out.txt', 'text/plain');
        output.end(`try ${order}`);
        await once(output, 'finish');
        if (order === 2) await expect.poll(() => test.result(message)).toBeDefined();
        return order;
      }),
    );
    const message = test.message('a', 'slow');
    await Promise.all([test.send(message), test.send(message)]);
    expect(await test.work({ itemsAtOnce: 2, heartbeatSeconds: 60 })).toMatchObject({
      done: 1,
      skipped: 1,
    });
    expect(await test.result(message)).toMatchObject({ result: 1 });
    const outputs = await Array.fromAsync(listKeys(test.store, `output/${test.runId}/`));
    expect(outputs).toHaveLength(2);
  });

  it('a worker stops an item when another worker has written the result meanwhile', async () => {
    let reason: unknown;
    const test = await rig(
      job('endless', async (_item, { signal }) => {
        await test.finishElsewhere(message);
        return await untilAborted(signal).catch((error) => {
          reason = error;
          throw error;
        });
      }),
    );
    const message = test.message('a', 'endless');
    await test.send(message);
    expect(await test.work()).toMatchObject({ skipped: 1 });
    expect(reason).toMatchObject({ name: 'DoneElsewhereError' });
    expect(await test.result(message)).toMatchObject({ result: 'from elsewhere' });
    expect(await test.messagesLeft()).toEqual({ visible: 0, inFlight: 0 });
  });

  it('a worker keeps an item reserved beyond the visibility timeout', async () => {
    let begun = 0;
    const test = await rig(
      job('long', async () => {
        begun++;
        await sleep(14_000);
        return 'done';
      }),
    );
    const message = test.message('a', 'long');
    await test.send(message);
    // A busy machine may delay a heartbeat for seconds.
    const settings = { visibilitySeconds: 12, heartbeatSeconds: 0.5, idleSeconds: 14 };
    const summaries = await Promise.all([test.work(settings), test.work(settings)]);
    expect(summaries.map(({ done }) => done).sort()).toEqual([0, 1]);
    expect(begun).toBe(1);
  });

  it('a worker stops an item whose message it has lost, and lets the other delivery decide', async () => {
    const reasons: string[] = [];
    const test = await rig(
      job('lost', async (_item, { signal }) => {
        await test.queue.client.send(new PurgeQueueCommand({ QueueUrl: test.queue.url }));
        return await untilAborted(signal).catch((error: Error) => {
          reasons.push(error.name);
          throw error;
        });
      }),
    );
    const message = test.message('a', 'lost');
    await test.send(message);
    expect(await test.work()).toMatchObject({ skipped: 1 });
    expect(reasons).toEqual(['WorkLostError']);
    expect(await test.failure(message)).toBeUndefined();
  });

  it('a worker tries an item again after a failure', async () => {
    const test = await rig(
      job('second', async (_item, { attempt }) => {
        if (attempt === 1) throw new Error('not yet');
        return attempt;
      }),
    );
    const message = test.message('a', 'second');
    await test.send(message);
    expect(await test.work()).toMatchObject({ retry: 1, done: 1 });
    expect(await test.result(message)).toMatchObject({ attempt: 2, result: 2 });
  });

  it("a worker records the processor's own error when the attempts are used up", async () => {
    class ParseError extends Error {
      override readonly name = 'ParseError';
    }
    const test = await rig(
      job('never', async (_item, { attempt }) => {
        throw new ParseError(`row ${attempt} is odd`);
      }),
    );
    const message = test.message('a', 'never');
    await test.send(message);
    expect(await test.work()).toMatchObject({ retry: 2, failed: 1 });
    expect(await test.failure(message)).toMatchObject({
      name: 'a',
      stage: 'process',
      attempts: 3,
      problem: { error: 'ParseError', detail: 'ParseError: row 3 is odd', code: 'processor-failed' },
    });
    expect(await test.messagesLeft()).toEqual({ visible: 0, inFlight: 0 });
    await test.send(message);
    expect(await test.work()).toMatchObject({ skipped: 1 });
  });

  it('a worker fails an item at once if no retry helps', async () => {
    const test = await rig(
      job('broken', async () => {
        throw new PermanentError('the file is no file');
      }),
      job('inputless', async (_item, context) => {
        for await (const _ of context.openInput());
        return null;
      }),
      job('unfinished', async (_item, context) => {
        context.output('half.txt', 'text/plain').write('half');
        return null;
      }),
    );
    const cases = [
      [test.message('broken', 'broken'), 'PermanentError', 'the file is no file'],
      [
        test.message('options', 'broken', { process: { processor: 'broken', options: { fast: true } } }),
        'ProcessorOptionsError',
        'fast',
      ],
      [test.message('inputless', 'inputless'), 'NoInputObjectError', 'has no landed object'],
      [test.message('unfinished', 'unfinished'), 'OutputNotFinishedError', '"half.txt"'],
      [{ ...test.message('odd', 'broken'), v: 0 } as never, 'BadMessageError', 'v: '],
    ] as const;
    for (const [message] of cases) await test.send(message);
    await test.work();
    for (const [message, name, text] of cases) {
      expect(await test.failure(message)).toMatchObject({
        problem: { error: name, detail: expect.stringContaining(text) },
      });
    }
    const failures = await Array.fromAsync(listKeys(test.store, `runs/${test.runId}/attempts/`));
    expect(failures).toHaveLength(cases.length - 1);
    const left = await test.store.client.send(new ListMultipartUploadsCommand({ Bucket: test.store.bucket }));
    expect(left.Uploads ?? []).toEqual([]);
    expect(await Array.fromAsync(listKeys(test.store, 'output/'))).toEqual([]);
  });

  it.each([
    ['no JSON', 'hello'],
    ['no object', '42'],
    ['ids that would leave the prefix', JSON.stringify({ v: 1, runId: '../..', item: '../evil' })],
  ])('a worker deletes a message that is %s, and writes no record', async (_name, body) => {
    const test = await rig();
    await test.send(body);
    expect(await test.work()).toMatchObject({ refused: 1 });
    expect(await test.messagesLeft()).toEqual({ visible: 0, inFlight: 0 });
    // A worker gives its sign of life whatever the messages are, and it may come late.
    const written = (await Array.fromAsync(listKeys(test.store, ''))).filter(
      (key) => key !== workerSignKey('worker-1'),
    );
    expect(written).toEqual([]);
  });

  it('a worker ends an item that takes too long, and reports its progress', async () => {
    const test = await rig(
      job('slow', async (_item, { signal, progress }) => {
        progress({ rows: 17 });
        return await untilAborted(signal);
      }),
    );
    const message = test.message('a', 'slow');
    await test.send(message);
    expect(await test.work({ itemMinutes: 0.005, maxAttempts: 1 })).toMatchObject({ failed: 1 });
    expect(await test.failure(message)).toMatchObject({
      problem: {
        error: 'ItemTimeoutError',
        detail: 'slow took longer than 0.005 minutes (workers.itemMinutes), with the progress rows 17',
      },
    });
  });

  it('a worker does not wait for a processor that ignores its signal', async () => {
    const test = await rig(job('deaf', () => new Promise(() => undefined)));
    const message = test.message('a', 'deaf');
    await test.send(message);
    expect(await test.work({ itemMinutes: 0.001, maxAttempts: 1 })).toMatchObject({ failed: 1 });
  });

  it('a worker fails an item on which every earlier worker has died', async () => {
    let ran = false;
    const test = await rig(
      job('deadly', async () => {
        ran = true;
        return null;
      }),
    );
    const message = test.message('a', 'deadly');
    for (let count = 1; count <= 3; count++) {
      const delivery = { messageId: 'killed', receiveCount: count };
      await claimAttempt(test.store, { ...message, stage: 'process' }, delivery, 'killed', 0);
    }
    await test.send(message);
    expect(await test.work()).toMatchObject({ failed: 1 });
    expect(ran).toBe(false);
    expect(await test.failure(message)).toMatchObject({ problem: { error: 'WorkerDiedError' } });
  });

  it('a worker does not begin an item of a closed run', async () => {
    let ran = false;
    const test = await rig(
      job('any', async () => {
        ran = true;
        return null;
      }),
    );
    await test.close();
    await test.send(test.message('a', 'any'));
    expect(await test.work()).toMatchObject({ skipped: 1 });
    expect(ran).toBe(false);
    expect(await test.messagesLeft()).toEqual({ visible: 0, inFlight: 0 });
  });

  it('a worker also stores a result under late/ if it comes after the run was closed', async () => {
    const test = await rig(
      job('late', async () => {
        await test.close();
        return 'after all';
      }),
    );
    const message = test.message('a', 'late');
    await test.send(message);
    expect(await test.work()).toMatchObject({ late: 1 });
    expect(await test.result(message)).toMatchObject({ result: 'after all' });
    expect(await test.late(message)).toMatchObject({ result: 'after all' });
  });

  it('a worker returns a message when S3 fails, and continues', async () => {
    const test = await rig(job('any', async () => 'ok'));
    const message = test.message('a', 'any');
    await test.send(message);
    const parts = test.parts();
    let faults = 0;
    const client = new S3Client(aws.client());
    client.middlewareStack.add(
      (next) => (request) => {
        if (faults++ < 3) throw new Error('S3 is away');
        return next(request);
      },
      { step: 'initialize' },
    );
    const store = { ...test.store, client };
    expect(await runWorker({ ...parts, store }, new AbortController().signal)).toMatchObject({ retry: 1, done: 1 });
    expect(await test.result(message)).toMatchObject({ result: 'ok' });
  });
});

describe.concurrent('a worker that is stopped', () => {
  it('a worker that is stopped returns at once the items that it can’t finish, and the attempt does not count', async () => {
    const stop = new AbortController();
    let reason: unknown;
    const test = await rig(
      job('long', async (_item, { signal }) => {
        if (stop.signal.aborted) return 'by the next worker';
        stop.abort();
        return await untilAborted(signal).catch((error) => {
          reason = error;
          throw error;
        });
      }),
    );
    const message = test.message('a', 'long');
    await test.send(message);
    expect(await test.work({ stopSeconds: 30, maxAttempts: 1, visibilitySeconds: 600 }, stop.signal)).toMatchObject({
      returned: 1,
    });
    expect(reason).toMatchObject({ name: 'WorkerStoppingError' });
    const back = await test.queue.client.send(
      new ReceiveMessageCommand({ QueueUrl: test.queue.url, VisibilityTimeout: 0 }),
    );
    expect(back.Messages).toHaveLength(1);
    expect(await test.work({ maxAttempts: 1 })).toMatchObject({ done: 1 });
    expect(await test.result(message)).toMatchObject({ result: 'by the next worker' });
  });

  it('a worker that is stopped finishes short work and begins nothing new', async () => {
    const stop = new AbortController();
    const begun: string[] = [];
    const test = await rig(
      job('short', async (item) => {
        begun.push(item.name);
        stop.abort();
        await sleep(500);
        return 'finished';
      }),
    );
    const messages = ['a', 'b', 'c'].map((name) => test.message(name, 'short'));
    for (const message of messages) await test.send(message);
    expect(await test.work({ stopSeconds: 60, itemsAtOnce: 1 }, stop.signal)).toMatchObject({ done: 1, returned: 0 });
    expect(begun).toHaveLength(1);
    expect(await test.messagesLeft()).toEqual({ visible: 2, inFlight: 0 });
  });

  it('a worker that is stopped returns the messages that an open request still delivers', async ({ expect }) => {
    const stop = new AbortController();
    const test = await rig(job('any', async () => null));
    const working = test.work({ idleSeconds: 60 }, stop.signal);
    // The request for messages is open by then, or is made and brings it; either way it must not be begun.
    await sleep(300);
    stop.abort();
    await test.send(test.message('a', 'any'));
    expect(await working).toMatchObject({ done: 0 });
    await expect.poll(() => test.messagesLeft()).toEqual({ visible: 1, inFlight: 0 });
  });
});
