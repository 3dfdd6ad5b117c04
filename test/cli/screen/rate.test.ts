import { expect, it } from 'vitest';
import { Rate } from '#cli/screen/rate.ts';

function rateOf(points: readonly (readonly [seconds: number, bytes: number])[]): number | undefined {
  const rate = new Rate();
  for (const [seconds, bytes] of points) rate.add(bytes, seconds);
  return rate.bytesPerSecond;
}

it('a rate is unknown until there are two points at different times', () => {
  expect([
    rateOf([]),
    rateOf([[1, 5]]),
    rateOf([
      [1, 5],
      [1, 9],
    ]),
  ]).toEqual([undefined, undefined, undefined]);
});

it('a rate is the bytes between the first and the last point, for each second', () => {
  expect(
    rateOf([
      [10, 100],
      [11, 900],
      [14, 1_100],
    ]),
  ).toBe(250);
});

it('a rate forgets the bytes that came more than ten seconds ago', () => {
  expect(
    rateOf([
      [0, 0],
      [1, 1_000],
      [11, 1_000],
      [12, 1_000],
      [22, 1_022],
    ]),
  ).toBe(2);
});
