import { DescribeTasksCommand, ListTasksCommand } from '@aws-sdk/client-ecs';
import { expect, it } from 'vitest';
import type { Gate } from '#lambdas/gatekeeper/gate.ts';
import { lookAtGate } from '#lambdas/gatekeeper/gate.ts';
import { giveSign } from '#run/fleet/signs-of-life.ts';
import { stopSilentWorkers } from '#run/fleet/silent-workers.ts';
import { ensureWorkers } from '#run/fleet/workers.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { newGate } from '#test/helpers/gate.ts';
import { sourceNamed, writePlan } from '#test/helpers/run.ts';

const aws = useEmbeddedAws();
const MINUTE = 60_000;

async function tasksOf({ fleet }: Gate, desiredStatus: 'RUNNING' | 'STOPPED') {
  const { taskArns = [] } = await fleet.client.send(new ListTasksCommand({ cluster: fleet.cluster, desiredStatus }));
  if (taskArns.length === 0) return [];
  const { tasks = [] } = await fleet.client.send(new DescribeTasksCommand({ cluster: fleet.cluster, tasks: taskArns }));
  return tasks;
}

/** A gate with so many workers, which run and do nothing. */
async function gateWithWorkers(count: number) {
  const clock = { now: new Date() };
  const gate = await newGate(aws, clock);
  await ensureWorkers(gate.fleet, count * gate.fleet.itemsPerWorker, 'start', clock.now);
  const running = async () => (await tasksOf(gate, 'RUNNING')).filter(({ startedAt }) => startedAt !== undefined);
  await expect.poll(async () => (await running()).length).toBe(count);
  const workers = (await running()).map(({ taskArn = '' }) => taskArn.split('/').at(-1) ?? '');
  return { gate, workers, later: (minutes: number) => new Date(Date.now() + minutes * MINUTE) };
}

it('a worker without a sign of life for ten minutes is stopped and named, and one that gives signs is not', async () => {
  const { gate, workers, later } = await gateWithWorkers(2);
  const [silent = '', alive = ''] = workers;
  expect(await stopSilentWorkers(gate.fleet, gate.store, later(9))).toEqual([]);

  await giveSign(gate.store, alive);
  // The sign is of now, and the look is made in twelve minutes: as if it had been given three minutes before.
  const send = async (command: { input: { Key?: string } }) =>
    command.input.Key?.includes(alive) ? { LastModified: later(9) } : gate.store.client.send(command as never);
  const store = { ...gate.store, client: { send } as never };
  expect(await stopSilentWorkers(gate.fleet, store, later(12))).toEqual([
    {
      name: 'SilentWorker',
      code: 'worker-silent',
      message: `worker ${silent} has given no sign of life for 12 minutes: Sluice stops and replaces it`,
      worker: silent,
    },
  ]);
  const [stopped, ...others] = await tasksOf(gate, 'STOPPED');
  expect(others).toEqual([]);
  expect(stopped?.taskArn).toContain(silent);
  expect(stopped?.stoppedReason).toContain('no sign of life');
});

it('the gatekeeper replaces a silent worker in the same look, and says so', async () => {
  const { gate, workers, later } = await gateWithWorkers(1);
  await writePlan(gate.store, 'r', [sourceNamed('a')]);
  const [silent = ''] = workers;
  await expect(lookAtGate({ ...gate, now: () => later(15) }, 'r')).rejects.toMatchObject({
    name: 'NotReadyError',
    message: expect.stringMatching(
      `1 worker.*worker-silent: worker ${silent} has given no sign of life for 15 minutes`,
    ),
  });
  const left = await tasksOf(gate, 'RUNNING');
  expect(left).toHaveLength(1);
  expect(left[0]?.taskArn).not.toContain(silent);
});

it('the silence of a worker without any sign is counted from its start', async () => {
  const { gate, later } = await gateWithWorkers(1);
  expect(await stopSilentWorkers(gate.fleet, gate.store, later(11))).toHaveLength(1);
});
