import { getEventListeners } from 'node:events';
import { afterEach, expect, it, vi } from 'vitest';
import { withGrace } from '#transfer/wait.ts';

afterEach(() => {
  vi.useRealTimers();
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

it('listens once to a signal, for however many parts', () => {
  const { signal } = new AbortController();
  const [one, other] = [withGrace(signal), withGrace(signal)];
  expect(one).toBe(other);
  expect(getEventListeners(signal, 'abort').length).toBe(1);
});
