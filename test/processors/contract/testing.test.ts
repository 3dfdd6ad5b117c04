import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineProcessor, type Json } from '#processors/contract/processor.ts';
import { ProcessorOptionsError } from '#processors/contract/run-processor.ts';
import { testProcessor } from '#processors/contract/testing.ts';
import { countLines } from '../../../examples/own-processor/count-lines.ts';

const returning = (result: unknown) =>
  defineProcessor({ name: 'returning', options: z.strictObject({}), process: async () => result as Json });

describe('testProcessor', () => {
  it('testProcessor reads an input from a file, and knows its length', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-kit-'));
    const file = join(folder, 'input.txt');
    await writeFile(file, 'one\ntwo\n');
    const length = defineProcessor({
      name: 'length',
      options: z.strictObject({}),
      process: async (item) => item.object?.bytes ?? null,
    });
    expect((await testProcessor(countLines, { object: { file } })).result).toEqual({ lines: 2 });
    expect((await testProcessor(length, { object: { file } })).result).toBe(8);
    await rm(folder, { recursive: true });
  });

  it('testProcessor keeps finished outputs with their type', async () => {
    const copy = defineProcessor({
      name: 'copy',
      options: z.strictObject({}),
      async process(_item, context) {
        await pipeline(context.openInput(), context.output('year=2026/copy.txt', 'text/plain'));
        return null;
      },
    });
    const { outputs } = await testProcessor(copy, { object: 'content' });
    expect([...outputs]).toEqual([
      ['year=2026/copy.txt', { content: Buffer.from('content'), contentType: 'text/plain' }],
    ]);
  });

  it('testProcessor refuses options as a worker does', async () => {
    const run = testProcessor(countLines, { object: '', options: { skipEmpty: 1, fast: true } });
    await expect(run).rejects.toThrow(ProcessorOptionsError);
    await expect(run).rejects.toThrow(/skipEmpty: .*fast/s);
  });

  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'returned undefined, not JSON'],
    ['a function', () => 1, 'returned function, not JSON'],
    ['too much', 'x'.repeat(256 * 1_024), 'at most 262144 can be recorded'],
  ])('testProcessor refuses a result that is %s', async (_name, result, message) => {
    await expect(testProcessor(returning(result))).rejects.toThrow(message);
  });

  it('testProcessor shows the result in the form in which it is read again', async () => {
    expect((await testProcessor(returning({ at: new Date(0), gone: undefined }))).result).toEqual({
      at: '1970-01-01T00:00:00.000Z',
    });
  });

  it.each([['/absolute'], ['../up'], ['a//b'], ['.hidden'], ['a/.b'], [''], ['spa ce'], ['x'.repeat(501)]])(
    'testProcessor refuses the output name %j',
    async (name) => {
      const writes = defineProcessor({
        name: 'writes',
        options: z.strictObject({}),
        async process(_item, context) {
          context.output(name, 'text/plain');
          return null;
        },
      });
      await expect(testProcessor(writes)).rejects.toMatchObject({ name: 'OutputNameError' });
    },
  );

  it('testProcessor refuses an output that was opened twice, and one that was not finished', async () => {
    const outputs = (times: number) =>
      defineProcessor({
        name: 'outputs',
        options: z.strictObject({}),
        async process(_item, context) {
          for (let count = 0; count < times; count++) context.output('one.txt', 'text/plain').write('x');
          return null;
        },
      });
    await expect(testProcessor(outputs(2))).rejects.toMatchObject({ name: 'OutputNameError' });
    await expect(testProcessor(outputs(1))).rejects.toMatchObject({ name: 'OutputNotFinishedError' });
  });

  it("testProcessor throws the signal's reason when it aborts, and otherwise the processor's own error", async () => {
    const stop = new AbortController();
    const waits = defineProcessor({
      name: 'waits',
      options: z.strictObject({}),
      async process(_item, { signal }) {
        await once(signal, 'abort');
        throw new Error('the connection was closed');
      },
    });
    const run = testProcessor(waits, { signal: stop.signal });
    stop.abort(new Error('time is up'));
    await expect(run).rejects.toThrow('time is up');
    const fails = defineProcessor({
      name: 'fails',
      options: z.strictObject({}),
      process: () => Promise.reject(new TypeError('of its own')),
    });
    await expect(testProcessor(fails)).rejects.toThrow(new TypeError('of its own'));
  });

  it("testProcessor throws the source's error if it also breaks the output", async () => {
    const breaks = defineProcessor({
      name: 'breaks',
      options: z.strictObject({}),
      async process(_item, context) {
        const source = async function* () {
          yield 'some';
          throw new RangeError('row 7');
        };
        await pipeline(source, context.output('rows.txt', 'text/plain'));
        return null;
      },
    });
    await expect(testProcessor(breaks)).rejects.toThrow(new RangeError('row 7'));
  });
});
