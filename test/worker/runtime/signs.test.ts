import { expect, it } from 'vitest';
import { lastSign } from '#run/fleet/signs-of-life.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { WorkerRig } from '#test/helpers/worker.ts';
import { doesSomething } from '#worker/runtime/signs.ts';

const aws = useEmbeddedAws();
const MINUTE = 60_000;

it('a worker gives a sign of life at its start', async () => {
  const test = new WorkerRig(await aws.store(), await aws.queue(), 'run', []);
  expect(await lastSign(test.store, 'worker-1')).toBeUndefined();
  await test.work();
  expect(await lastSign(test.store, 'worker-1')).toBeInstanceOf(Date);
});

it.each([
  ['whose queue has just answered gives signs', { queueAnsweredAt: 0, underWay: [] }, true],
  ['that works on an item gives signs', { queueAnsweredAt: -60 * MINUTE, underWay: [-60 * MINUTE] }, true],
  [
    'with one item of two that is long beyond its time gives signs',
    { queueAnsweredAt: -60 * MINUTE, underWay: [-200 * MINUTE, 0] },
    true,
  ],
  [
    'whose queue does not answer and that has no item gives none',
    { queueAnsweredAt: -6 * MINUTE, underWay: [] },
    false,
  ],
  [
    'whose items are all long beyond their time gives none',
    { queueAnsweredAt: -60 * MINUTE, underWay: [-200 * MINUTE] },
    false,
  ],
])('a worker %s', (_name, activity, gives) => {
  expect(doesSomething(activity, 60, 0)).toBe(gives);
});
