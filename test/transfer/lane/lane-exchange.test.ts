import fc from 'fast-check';
import { expect, it } from 'vitest';
import { contentBytes } from '#test/helpers/source-server.ts';
import { type ExchangeEnds, LaneExchange, MOST_SPILT_BYTES } from '#transfer/lane/lane-exchange.ts';
import { DEFAULT_LIMITS } from '#transfer/source/limits.ts';

function exchange(more: Partial<ExchangeEnds> = {}) {
  const calls: string[] = [];
  const made = new LaneExchange({
    origin: 'http://source.test',
    limits: DEFAULT_LIMITS,
    resume: () => calls.push('resume'),
    onHead: () => calls.push('head'),
    onNoHead: () => calls.push('no head'),
    onOver: (reusable) => calls.push(reusable ? 'free' : 'closed'),
    ...more,
  });
  return { exchange: made, calls };
}

const head = (length: number) => Buffer.from(`HTTP/1.1 206 P\r\nContent-Length: ${length}\r\n\r\n`);

it('an exchange of the lane stores bytes that arrive during a pause up to a limit, and then fails the answer', async () => {
  const { exchange: paused, calls } = exchange();
  paused.take(head(3 * MOST_SPILT_BYTES));
  const record = Buffer.alloc(16_384);
  for (let spilt = 0; spilt < MOST_SPILT_BYTES; spilt += record.length) expect(paused.take(record)).toBe(false);
  expect(calls).toEqual(['head']);
  paused.take(record);
  expect(calls).toEqual(['head', 'closed']);
  // Bytes that arrived are returned before the fault is thrown.
  expect(await paused.fill(Buffer.alloc(MOST_SPILT_BYTES))).toBe(MOST_SPILT_BYTES);
  await expect(paused.fill(Buffer.alloc(MOST_SPILT_BYTES))).rejects.toThrow(/were not requested yet/);
});

it('an exchange of the lane copies the bytes that it stores, because the next read overwrites them', async () => {
  const { exchange: paused } = exchange();
  const scratch = Buffer.concat([head(10), Buffer.from('hello')]);
  paused.take(scratch);
  scratch.fill('x');
  const target = Buffer.alloc(5);
  await paused.fill(target);
  expect(String(target)).toBe('hello');
});

it('an exchange of the lane reports its end to its connection once, with a head or without', async () => {
  const whole = exchange();
  whole.exchange.take(Buffer.concat([head(2), Buffer.from('ok')]));
  await expect.poll(() => whole.calls).toEqual(['head', 'free']);
  whole.exchange.destroy();
  expect(whole.calls).toEqual(['head', 'free']);
  const broken = exchange();
  broken.exchange.fail(new Error('gone'));
  broken.exchange.fail(new Error('gone again'));
  expect(broken.calls).toEqual(['closed', 'no head']);
});

/** Reads as Node does: into the window that was asked for when the last read was over, whatever has changed since. */
it('the window of an exchange is exactly what is still needed, and never empty, for any reads and fills', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(sizes, sizes, fc.infiniteStream(fc.boolean()), async (reads, fills, pauses) => {
      const total = reads.reduce((sum, size) => sum + size, 0);
      const body = contentBytes('window', 0, total);
      const sent = Buffer.concat([head(total), body]);
      const { exchange: one } = exchange();
      const scratch = Buffer.alloc(64);
      let window: Uint8Array = scratch;
      let at = 0;
      const readOnce = () => {
        const size = Math.min(window.length, reads[at % reads.length] as number, sent.length - at);
        window.set(sent.subarray(at, at + size));
        at += size;
        if (window === scratch) one.take(scratch.subarray(0, size));
        else one.taken(size);
        window = one.window() ?? scratch;
        expect(window.length).toBeGreaterThan(0);
      };
      const got: Buffer[] = [];
      let fillAt = 0;
      while (at < sent.length || Buffer.concat(got).length < total) {
        const target = Buffer.alloc(fills[fillAt++ % fills.length] as number);
        while (at < sent.length && pauses.next().value) readOnce();
        if (at < sent.length && at < sent.length - total) {
          readOnce();
          continue;
        }
        let done = false;
        const filling = one.fill(target).then((bytes) => {
          got.push(target.subarray(0, bytes));
          done = true;
        });
        await Promise.resolve();
        await Promise.resolve();
        while (!done && at < sent.length) {
          readOnce();
          await Promise.resolve();
          await Promise.resolve();
        }
        await filling;
      }
      expect(Buffer.concat(got).equals(body)).toBe(true);
    }),
    { numRuns: 300 },
  );
});
