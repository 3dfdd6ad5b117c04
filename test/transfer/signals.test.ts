import { getEventListeners } from 'node:events';
import { afterEach, expect, it, vi } from 'vitest';
import { whenAborted, withGrace } from '#transfer/signals.ts';

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

it('follows a signal 5 s later, with its reason', () => {
  vi.useFakeTimers();
  const stop = new AbortController();
  const late = withGrace(stop.signal);
  stop.abort('enough');
  vi.advanceTimersByTime(4_999);
  expect(late.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect([late.aborted, late.reason]).toEqual([true, 'enough']);
});

it('gives one signal, for however many parts', () => {
  const { signal } = new AbortController();
  const [one, other] = [withGrace(signal), withGrace(signal)];
  expect(one).toBe(other);
  expect(getEventListeners(signal, 'abort').length).toBe(1);
});
