import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { HostGate, SourceFaultError } from '#transfer/index.ts';
import { Patience } from '#transfer/source/patience.ts';
import { probeSource } from '#transfer/source/probe.ts';
import type { SourceReader } from '#transfer/source/reader.ts';
import { SourceSession } from '#transfer/source/session.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const wait = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1_000);

it('the patience ends after the limit of useless waiting, in all attempts together', async () => {
  const patience = new Patience(120, 1_024);
  for (let attempt = 0; attempt < 4; attempt++) {
    expect(patience.isOver).toBe(false);
    await patience.during(() => wait(30));
    // Between attempts nothing is waited for from the source.
    await wait(1_000);
  }
  expect(patience.isOver).toBe(true);
});

it('the patience counts the time of several waiting connections once', async () => {
  const patience = new Patience(120, 1_024);
  const waiting = Array.from({ length: 8 }, () =>
    patience.during(() => new Promise((done) => setTimeout(done, 30_000))),
  );
  await wait(30);
  await Promise.all(waiting);
  expect(patience.isOver).toBe(false);
});

it('bytes restore the patience, and a very slow source restores little', async () => {
  const fast = new Patience(120, 1_024);
  await fast.during(() => wait(119));
  fast.received(1_000_000);
  await fast.during(() => wait(119));
  expect(fast.isOver).toBe(false);
  const drip = new Patience(120, 1_024);
  for (let second = 0; second < 125; second++) {
    await drip.during(() => wait(1));
    drip.received(20);
  }
  expect(drip.isOver).toBe(true);
});

it('a source without limits of its own has a patience of 120 seconds', async () => {
  const { patience } = new SourceSession({ url: 'https://example.com/file' }, new HostGate(2));
  await patience.during(() => wait(119));
  expect(patience.isOver).toBe(false);
  await patience.during(() => wait(1));
  expect(patience.isOver).toBe(true);
});

it('a source that never answers is given up after two minutes by the default limits', async () => {
  const silent: SourceReader = ({ limits }) =>
    new Promise((_, reject) =>
      setTimeout(() => reject(new SourceFaultError('no answer came')), limits.headSeconds * 1_000),
    );
  const session = new SourceSession({ url: 'https://example.com/file' }, new HostGate(2), silent);
  const signal = new AbortController().signal;
  const began = performance.now();
  const probe = probeSource(session, { bytes: 1_000, conditions: {}, oneStream: false, signal });
  const refused = expect(probe).rejects.toMatchObject({ name: 'SourceUnavailableError' });
  await vi.runAllTimersAsync();
  await refused;
  const seconds = (performance.now() - began) / 1_000;
  expect(seconds).toBeGreaterThanOrEqual(120);
  // Six attempts of a minute each would take 366 s.
  expect(seconds).toBeLessThan(125);
});
