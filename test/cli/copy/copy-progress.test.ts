import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CopyProgress } from '#cli/copy/copy-progress.ts';
import { Screen } from '#cli/screen/screen.ts';

const MIB = 1_048_576;
const jobs = ['a.bin', 'b.bin'].map((name) => ({ url: `https://example.org/${name}`, bucket: 'bucket', key: name }));
const [a, b] = jobs as [(typeof jobs)[0], (typeof jobs)[0]];

let progress: CopyProgress | undefined;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance', 'Date'] });
});
afterEach(() => {
  progress?.stop();
  vi.useRealTimers();
});

/** Starts the display, and returns what it has written since the last call. */
function display(of: typeof jobs, terminal: object) {
  const err = Object.assign(new PassThrough(), terminal);
  progress = new CopyProgress(of, new Screen(undefined, err as unknown as NodeJS.WriteStream));
  return { progress, written: () => stripVTControlCharacters(String(err.read() ?? '')) };
}

it('the progress of a copy on a terminal shows the bytes, the rate and the time left', () => {
  const { progress, written } = display([a], { isTTY: true, columns: 100 });
  expect(written()).toBe('0 bytes, connecting, 0.0 s so far\n');
  for (const seconds of [1, 2]) {
    progress.at(a, { bytes: seconds * 10 * MIB, total: 100 * MIB });
    vi.advanceTimersByTime(1_000);
  }
  expect(written()).toMatch(
    /\n {4}20 % {2}a\.bin\n20\.0 MiB of 100\.0 MiB, 10\.0 MiB\/s, about 8\.0 s left, 2\.0 s so far\n$/,
  );
});

it('the progress of several copies shows each of them, and the sum with those that have ended', () => {
  const { progress, written } = display(jobs, { isTTY: true, columns: 100 });
  progress.at(a, { bytes: 10 * MIB, total: 10 * MIB });
  vi.advanceTimersByTime(1_000);
  progress.end(a);
  progress.at(b, { bytes: 10 * MIB, total: 40 * MIB });
  vi.advanceTimersByTime(1_000);
  expect(written()).toMatch(
    /\n {4}25 % {2}b\.bin\n1 of 2 files, 20\.0 MiB of 50\.0 MiB, 10\.0 MiB\/s, about 3\.0 s left, 2\.0 s so far\n$/,
  );
});

it('the progress of a copy elsewhere is a line every five seconds with the time, the bytes and the rate', () => {
  const { progress, written } = display([a], {});
  written();
  progress.at(a, { bytes: 10 * MIB, total: 100 * MIB });
  vi.advanceTimersByTime(4_999);
  expect(written()).toBe('');
  vi.advanceTimersByTime(1);
  expect(written()).toMatch(
    /^\d{4}-\d\d-\d\dT\S+Z {2}10\.0 MiB of 100\.0 MiB, 2\.0 MiB\/s, about 45 s left, 5\.0 s so far\n$/,
  );
});

it('the progress of a copy whose length is unknown shows bytes and rate, and no time left', () => {
  const { progress, written } = display([a], { isTTY: true, columns: 100 });
  progress.at(a, { bytes: 4 * MIB, total: undefined });
  vi.advanceTimersByTime(2_000);
  expect(written()).toMatch(/\n {2}4\.0 MiB {2}a\.bin\n4\.0 MiB, 2\.0 MiB\/s, 2\.0 s so far\n$/);
});

it('the progress of a copy that continues counts the bytes of the earlier call, and not for the rate', () => {
  const { progress, written } = display([a], { isTTY: true, columns: 100 });
  progress.at(a, { bytes: 80 * MIB, total: 100 * MIB }, true);
  vi.advanceTimersByTime(1_000);
  progress.at(a, { bytes: 82 * MIB, total: 100 * MIB }, true);
  vi.advanceTimersByTime(1_000);
  expect(written()).toMatch(
    /\n {4}82 % {2}a\.bin\n82\.0 MiB of 100\.0 MiB, 1\.0 MiB\/s, about 18 s left, 2\.0 s so far\n$/,
  );
});

it('the progress of a copy that begins again falls back to the start, and its rate stays above zero', () => {
  const { progress, written } = display([a], { isTTY: true, columns: 100 });
  progress.at(a, { bytes: 20 * MIB, total: 100 * MIB });
  vi.advanceTimersByTime(1_000);
  progress.at(a, { bytes: 10 * MIB, total: 100 * MIB });
  vi.advanceTimersByTime(1_000);
  expect(written()).toMatch(
    /\n {4}10 % {2}a\.bin\n10\.0 MiB of 100\.0 MiB, 10\.0 MiB\/s, about 9\.0 s left, 2\.0 s so far\n$/,
  );
});

it('the progress of several copies shows no sum and no time left while a copy has not begun', () => {
  const { progress, written } = display(jobs, { isTTY: true, columns: 100 });
  progress.at(a, { bytes: 10 * MIB, total: 20 * MIB });
  vi.advanceTimersByTime(1_000);
  expect(written()).toMatch(/\n {4}50 % {2}a\.bin\n0 of 2 files, 10\.0 MiB, 10\.0 MiB\/s, 1\.0 s so far\n$/);
});

it('the progress of a slow copy shows a whole number of bytes for each second', () => {
  const { progress, written } = display([a], { isTTY: true, columns: 100 });
  progress.at(a, { bytes: 100, total: undefined });
  vi.advanceTimersByTime(3_000);
  expect(written()).toMatch(/\n100 bytes, 33 bytes\/s, 3\.0 s so far\n$/);
});
