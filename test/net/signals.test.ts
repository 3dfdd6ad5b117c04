import { getEventListeners } from 'node:events';
import { afterEach, expect, it, vi } from 'vitest';
import { whenAborted, withGrace } from '#net/signals.ts';

afterEach(() => {
  vi.useRealTimers();
});

it('calls back in order where the signal aborts, but for what was taken back', () => {
  const stop = new AbortController();
  const called: number[] = [];
  const forget = [1, 2, 3, 4].map((number) => whenAborted(stop.signal, () => called.push(number)));
  forget[1]?.();
  forget[1]?.();
  stop.abort();
  expect(called).toEqual([1, 3, 4]);
  forget[0]?.();
});

it('calls back what was not taken back by the one before it', () => {
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

it('listens once to a signal, for however many callbacks, and no longer than there are any', () => {
  const { signal } = new AbortController();
  const forget = [1, 2, 3].map(() => whenAborted(signal, () => {}));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  for (const one of forget) one();
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  whenAborted(signal, () => {});
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
});

it('calls back nobody who was taken back by one before', () => {
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

it('follows a signal 5 s later, with its reason', async () => {
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

it('leaves neither a listener nor a timer behind its work', async () => {
  vi.useFakeTimers();
  const stop = new AbortController();
  expect(await withGrace(stop.signal, async () => 'done')).toBe('done');
  expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
  await withGrace(stop.signal, async () => stop.abort());
  expect(vi.getTimerCount()).toBe(0);
});
