// @module-tag heavy
import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Settings } from '#lib/settings/settings.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { recordedItems } from '#test/helpers/run.ts';
import { WorkerRig } from '#test/helpers/worker.ts';
import { useWorkerProcesses } from '#test/helpers/worker-process.ts';
import { workerProcesses } from '#test/helpers/worker-processes.ts';

const PROGRAM = new URL('crashing-worker.ts', import.meta.url).pathname;

/** How each bad kind is recorded. */
const BAD: Readonly<Record<string, { name: string; message: RegExp }>> = {
  rejection: { name: 'ItemUncaughtError', message: /TypeError: nobody waits for this/ },
  'rejection-at-the-end': { name: 'ItemUncaughtError', message: /TypeError: nobody waits for this/ },
  heap: { name: 'ItemMemoryError', message: /its heap is limited to \d+ MiB/ },
  ...(process.platform === 'linux' && {
    buffers: { name: 'ItemMemoryError', message: /MiB of memory, more than the allowed/ },
  }),
  loop: { name: 'ItemTimeoutError', message: /longer than .* with the progress rows 17/ },
  exit: { name: 'ItemExitError', message: /exit code 0/ },
  'abort-ignored': { name: 'ItemTimeoutError', message: /longer than/ },
  crash: { name: 'ItemKilledError', message: /SIGABRT/ },
};

const aws = useEmbeddedAws();
const workers = useWorkerProcesses();

async function rig(runId: string, settings: Partial<Settings['workers']>) {
  const test = new WorkerRig(await aws.store(), await aws.queue(), runId, []);
  // An item has 96 MiB then.
  const small = { memoryMiB: 512, retrySeconds: 1, ...settings };
  return { test, environment: await workers.install(test, aws.client(), small) };
}

describe('items that misuse their process', () => {
  it('items that misuse their process each fail by name, and ten good items beside them are done', async () => {
    const { test, environment } = await rig('isolation', { itemMinutes: 0.15, maxAttempts: 1 });
    const good = Array.from({ length: 10 }, (_, n) => test.message(`good ${n}`, 'good'));
    const bad = Object.keys(BAD).map((kind) => test.message(kind, kind));
    // Each bad one beside good ones, at the default of two items at once.
    const mixed = good.flatMap((message, n) => (bad[n] === undefined ? [message] : [bad[n], message]));
    for (const message of [...mixed, ...bad.slice(good.length)]) await test.send(message);

    const worker = workers.start(environment, [process.execPath, PROGRAM]);
    expect(await worker.exited).toBe(0);
    for (const message of good)
      expect(await test.result(message)).toMatchObject({ attempt: 1, result: { name: message.name } });
    for (const message of bad) {
      const expected = BAD[message.name];
      expect(await test.failure(message)).toMatchObject({
        attempts: 1,
        problem: { error: expected?.name, detail: expect.stringMatching(expected?.message ?? '') },
      });
    }
    expect((await recordedItems(test.store, test.runId, 'failures')).size).toBe(bad.length);
    expect(await test.messagesLeft()).toEqual({ visible: 0, inFlight: 0 });
    expect((await readdir(workers.folder())).filter((name) => name.startsWith('sluice-items-'))).toEqual([]);
  });

  it('an item with an endless loop ends with its worker at SIGTERM, and is returned', async () => {
    const { test, environment } = await rig('sigterm', { itemMinutes: 60 });
    await test.send(test.message('loop', 'loop'));
    const worker = workers.start(environment, [process.execPath, PROGRAM]);
    const begun = () => worker.lines().some(({ message }) => message === 'begins');
    await expect.poll(begun).toBe(true);
    worker.child.kill('SIGTERM');
    expect(await worker.exited).toBe(0);
    expect(worker.lines().at(-1)).toMatchObject({ message: 'leaves', reason: 'stopped', returned: 1 });
    expect(await test.messagesLeft()).toEqual({ visible: 1, inFlight: 0 });
  });

  it('a timer or promise that one item leaves behind does not end a later item', async () => {
    const { test, environment } = await rig('bomb', { itemsAtOnce: 1, maxAttempts: 1 });
    const messages = ['leaves-a-bomb', 'good', 'leaves-a-bomb', 'good'].map((kind, n) => test.message(`${n}`, kind));
    for (const message of messages) await test.send(message);
    expect(await workers.start(environment, [process.execPath, PROGRAM]).exited).toBe(0);
    for (const message of messages) expect(await test.result(message)).toMatchObject({ attempt: 1 });
  });

  it.runIf(process.platform === 'linux')(
    'an item with an endless loop ends with a killed worker, and so do the processes of its processor',
    async () => {
      const { test, environment } = await rig('killed', { itemMinutes: 60 });
      await test.send(test.message('loop', 'loop'));
      const worker = workers.start(environment, [process.execPath, PROGRAM]);
      const processes = () => workerProcesses(test.queue.url);
      // The worker, the item's process, its guard, and what the item has started.
      await expect.poll(processes).toHaveLength(4);
      worker.child.kill('SIGKILL');
      await expect.poll(processes).toEqual([]);
    },
  );

  it('several good items run in one process', async () => {
    const { test, environment } = await rig('reuse', { itemsAtOnce: 1 });
    const messages = Array.from({ length: 5 }, (_, n) => test.message(`good ${n}`, 'good'));
    for (const message of messages) await test.send(message);
    expect(await workers.start(environment, [process.execPath, PROGRAM]).exited).toBe(0);
    const results = await Promise.all(messages.map((message) => test.result(message)));
    expect(new Set(results.map((record) => (record?.result as { process: number } | undefined)?.process)).size).toBe(1);
  });
});
