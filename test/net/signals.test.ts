import { getEventListeners } from 'node:events';
import { afterEach, expect, it, vi } from 'vitest';
import { whenAborted, withGrace } from '#net/signals.ts';

afterEach(() => {
  vi.useRealTimers();
});

it('the callbacks of a signal run in order when it aborts, except removed ones', () => {
  const stop = new AbortController();
  const called: number[] = [];
  const forget = [1, 2, 3, 4].map((number) => whenAborted(stop.signal, () => called.push(number)));
  forget[1]?.();
  forget[1]?.();
  stop.abort();
  expect(called).toEqual([1, 3, 4]);
  forget[0]?.();
});

it('the signal does not call a callback that the previous callback has removed', () => {
  const stop = new AbortController();
  const called: string[] = [];
  const first = whenAborted(stop.signal, () => {
    called.push('first');
    first();
  });
  whenAborted(stop.signal, () => called.push('second'));
  stop.abort();
  expect(called).toEqual(['first', 'second']);
});

it('any number of callbacks need one listener on the signal, and no listener remains after they are removed', () => {
  const { signal } = new AbortController();
  const forget = [1, 2, 3].map(() => whenAborted(signal, () => {}));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  for (const one of forget) one();
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  whenAborted(signal, () => {});
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
});

it('the signal does not call callbacks that an earlier callback has removed', () => {
  const stop = new AbortController();
  const called: string[] = [];
  whenAborted(stop.signal, () => {
    called.push('first');
    second();
  });
  const second = whenAborted(stop.signal, () => called.push('second'));
  stop.abort();
  expect(called).toEqual(['first']);
});

it('a late signal aborts 5 s after the first signal, with its reason', async () => {
  vi.useFakeTimers();
  const stop = new AbortController();
  await withGrace(stop.signal, async (late) => {
    stop.abort('enough');
    vi.advanceTimersByTime(4_999);
    expect(late.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect([late.aborted, late.reason]).toEqual([true, 'enough']);
  });
});

it('no listener and no timer remains after the work', async () => {
  vi.useFakeTimers();
  const stop = new AbortController();
  expect(await withGrace(stop.signal, async () => 'done')).toBe('done');
  expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
  await withGrace(stop.signal, async () => stop.abort());
  expect(vi.getTimerCount()).toBe(0);
});
