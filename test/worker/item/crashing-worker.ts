/** The real worker, with processors that misuse their process. */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defineProcessor, type Processor } from '#processors/contract/processor.ts';
import { runProgram } from '#worker/program.ts';

const job = (name: string, process: Processor<Record<string, never>>['process']) =>
  defineProcessor({ name, options: z.strictObject({}), process }) as Processor;

const hold: unknown[] = [];
const forever = () => new Promise<never>(() => setInterval(() => undefined, 1_000));

const processors = [
  job('good', async (item, context) => {
    await sleep(100);
    const output = context.output('out.txt', 'text/plain');
    output.end(item.name);
    await new Promise((resolve) => output.once('finish', resolve));
    return { name: item.name, process: process.pid };
  }),
  job('rejection', async () => {
    setTimeout(() => Promise.reject(new TypeError('nobody waits for this')), 10);
    return forever();
  }),
  job('rejection-at-the-end', async () => {
    void Promise.reject(new TypeError('nobody waits for this'));
    return null;
  }),
  job('heap', async () => {
    for (;;) {
      hold.push(new Array(100_000).fill(hold.length));
      if (hold.length % 20 === 0) await sleep(1);
    }
  }),
  job('buffers', async () => {
    for (;;) {
      hold.push(Buffer.alloc(8_388_608, 1));
      await sleep(5);
    }
  }),
  job('loop', async (_item, { progress }) => {
    progress({ rows: 17 });
    spawn('sleep', ['600']);
    await sleep(50);
    for (;;);
  }),
  job('exit', async () => process.exit(0)),
  job('abort-ignored', async () => forever()),
  job('crash', async () => {
    process.abort();
    return null;
  }),
  job('leaves-a-bomb', async () => {
    setTimeout(() => {
      throw new Error('left by an earlier item');
    }, 300);
    return 'fine';
  }),
];

await runProgram(import.meta.filename, (name) => {
  const processor = processors.find((one) => one.name === name);
  return processor && Promise.resolve(processor);
});
