import { ECSClient } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import type { Fleet } from '#run/fleet/fleet.ts';
import { ensureWorkers } from '#run/fleet/workers.ts';
import { type FakeEcs, type StoppedTask, startFakeEcs } from '#test/helpers/fake-ecs.ts';

const BEGUN = new Date('2026-11-24T01:00:00Z');
const seconds = (time: string) => Date.parse(time) / 1_000;

let ecs: FakeEcs | undefined;
afterEach(() => ecs?.stop());

async function fleetOn(options: Parameters<typeof startFakeEcs>[0]): Promise<{ fleet: Fleet; ecs: FakeEcs }> {
  ecs = await startFakeEcs(options);
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const fleet: Fleet = {
    client: new ECSClient({ endpoint: ecs.url, region: 'eu-central-1', credentials }),
    cluster: 'c',
    taskFamily: 'workers',
    subnets: ['subnet-1'],
    securityGroups: ['sg-1'],
    assignPublicIp: true,
    max: 25,
    itemsPerWorker: 10,
    spot: true,
  };
  return { fleet, ecs };
}

const ensure = (fleet: Fleet, outstanding: number) => ensureWorkers(fleet, outstanding, 'look', BEGUN);

describe('ensureWorkers', () => {
  it('ensureWorkers starts the difference between the running workers and those that the work needs', async () => {
    const { fleet, ecs } = await fleetOn({ running: 1, room: { FARGATE_SPOT: 100 } });
    expect(await ensure(fleet, 35)).toEqual({ workers: 4, started: 3, problems: [] });
    expect(ecs.asked()).toEqual([['FARGATE_SPOT', 3]]);
    expect(ecs.calls[0]?.taskDefinition).toBe('workers');
  });

  it('ensureWorkers starts no workers if enough run, or nothing is left to do', async () => {
    const { fleet, ecs } = await fleetOn({ running: 2, room: { FARGATE_SPOT: 100 } });
    expect(await ensure(fleet, 20)).toMatchObject({ workers: 2, started: 0 });
    expect(await ensure(fleet, 0)).toMatchObject({ started: 0 });
    expect(ecs.calls).toEqual([]);
  });

  it('ensureWorkers asks for at most ten workers in one call, and for no more than the limit in total', async () => {
    const { fleet, ecs } = await fleetOn({ running: 0, room: { FARGATE_SPOT: 100 } });
    expect(await ensure(fleet, 1_000_000)).toMatchObject({ started: 25 });
    expect(ecs.asked().map(([, count]) => count)).toEqual([10, 10, 5]);
    expect(new Set(ecs.calls.map((call) => call.clientToken)).size).toBe(3);
  });

  it('ensureWorkers starts on-demand tasks if Spot has no capacity', async () => {
    const { fleet, ecs } = await fleetOn({ running: 0, room: { FARGATE_SPOT: 1, FARGATE: 100 } });
    expect(await ensure(fleet, 40)).toEqual({ workers: 4, started: 4, problems: [] });
    expect(ecs.asked()).toEqual([
      ['FARGATE_SPOT', 4],
      ['FARGATE', 3],
    ]);
  });

  it("ensureWorkers reports in ECS's own words what could not be started", async () => {
    const { fleet } = await fleetOn({ running: 0, room: { FARGATE_SPOT: 1, FARGATE: 1 } });
    expect(await ensure(fleet, 40)).toEqual({
      workers: 2,
      started: 2,
      problems: Array.from({ length: 2 }, () => ({
        name: 'TaskFailedToStart',
        code: 'worker-not-started',
        message: 'a worker could not be started: Capacity is unavailable at this time',
      })),
    });
  });

  it('ensureWorkers treats a quota that ECS reports by an exception as a shortage too, and any other exception as an error', async () => {
    const quota = await fleetOn({
      room: { FARGATE: 100 },
      exception: "You've reached the limit on the number of vCPUs you can run concurrently",
    });
    expect(await ensure(quota.fleet, 20)).toMatchObject({ started: 2, problems: [] });
    await quota.ecs.stop();
    const broken = await fleetOn({ exception: 'TaskDefinition not found.' });
    await expect(ensure(broken.fleet, 20)).rejects.toThrow('TaskDefinition not found.');
  });

  it.each([
    [
      { stopCode: 'TaskFailedToStart', stoppedReason: 'CannotPullContainerError: image not found' },
      {
        code: 'worker-not-started',
        message: 'a worker could not be started: CannotPullContainerError: image not found',
      },
      'FARGATE_SPOT',
    ],
    [
      { stopCode: 'TaskFailedToStart', stoppedReason: 'Capacity is unavailable at this time.' },
      { code: 'worker-not-started', message: 'a worker could not be started: Capacity is unavailable at this time.' },
      'FARGATE',
    ],
    [
      { stopCode: 'SpotInterruption', stoppedReason: 'Your Spot Task was interrupted.' },
      { code: 'worker-interrupted', message: 'a worker was interrupted: Your Spot Task was interrupted.' },
      'FARGATE',
    ],
    [
      { stopCode: 'EssentialContainerExited', containers: [{ exitCode: 137, reason: 'OutOfMemoryError: killed' }] },
      { code: 'worker-ended', message: 'a worker ended with exit code 137: OutOfMemoryError: killed' },
      'FARGATE_SPOT',
    ],
  ] as [StoppedTask, object, string][])(
    'reports a worker that ended as %j, and asks for another',
    async (task, problem, next) => {
      const { fleet, ecs } = await fleetOn({
        room: { FARGATE_SPOT: 100, FARGATE: 100 },
        stopped: [{ capacityProviderName: 'FARGATE_SPOT', ...task }],
      });
      expect(await ensure(fleet, 10)).toEqual({
        workers: 1,
        started: 1,
        problems: [{ ...problem, name: task.stopCode, worker: 't-0' }],
      });
      expect(ecs.asked()).toEqual([[next, 1]]);
    },
  );

  it.each([
    ['one that left as it should', { stopCode: 'EssentialContainerExited', containers: [{ exitCode: 0 }] }],
    ['one that a person stopped', { stopCode: 'UserInitiated', containers: [{ exitCode: 143 }] }],
    [
      'one of an earlier run',
      {
        stopCode: 'SpotInterruption',
        capacityProviderName: 'FARGATE_SPOT',
        createdAt: seconds('2026-11-24T00:59:59Z'),
      },
    ],
  ] as [string, StoppedTask][])('reports nothing for %s', async (_, task) => {
    const { fleet, ecs } = await fleetOn({ room: { FARGATE_SPOT: 100 }, stopped: [task] });
    expect(await ensure(fleet, 10)).toMatchObject({ started: 1, problems: [] });
    expect(ecs.asked()).toEqual([['FARGATE_SPOT', 1]]);
  });
});
