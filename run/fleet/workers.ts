import { createHash } from 'node:crypto';
import { type Failure, paginateListTasks, RunTaskCommand } from '@aws-sdk/client-ecs';
import type { Trouble } from '../problem/note.ts';
import type { Fleet } from './fleet.ts';
import { lookAtStoppedWorkers } from './stopped-workers.ts';

export interface FleetState {
  /** Tasks that run or will run, with the ones just started. */
  readonly workers: number;
  readonly started: number;
  /** Why tasks could not be started or ended early, in ECS's own words. */
  readonly problems: readonly Trouble[];
}

/** RunTask starts at most this many tasks a call. */
const TASKS_PER_CALL = 10;

/**
 * Makes sure that enough workers run for the outstanding items, and starts the missing ones. It never stops a worker: a
 * worker ends by itself when the queue stays empty.
 *
 * @param request names this call: RunTask starts nothing twice for the same name (its clientToken).
 * @param since the beginning of the run: problems of workers that were started later are reported.
 */
export async function ensureWorkers(
  fleet: Fleet,
  outstanding: number,
  request: string,
  since: Date,
): Promise<FleetState> {
  const workers = await countWorkers(fleet);
  const wanted = Math.min(fleet.max, Math.ceil(outstanding / fleet.itemsPerWorker)) - workers;
  if (wanted <= 0) return { workers, started: 0, problems: [] };

  const stopped = await lookAtStoppedWorkers(fleet, since);
  const spot = fleet.spot && !stopped.spotIsShort;
  const first = await start(fleet, wanted, spot ? 'FARGATE_SPOT' : 'FARGATE', request);
  const short = wanted - first.started;
  const second =
    short > 0 && spot && first.failures.some(isCapacity) ? await start(fleet, short, 'FARGATE', request) : none;
  const started = first.started + second.started;
  const refused = started === wanted ? [] : [...first.failures, ...second.failures].map(describe);
  return { workers: workers + started, started, problems: [...stopped.problems, ...refused] };
}

/** Counts the family's tasks whose desired status is RUNNING, which includes tasks that are being provisioned. */
export async function countWorkers(fleet: Pick<Fleet, 'client' | 'cluster' | 'taskFamily'>): Promise<number> {
  let count = 0;
  const query = { cluster: fleet.cluster, family: fleet.taskFamily, desiredStatus: 'RUNNING' } as const;
  for await (const page of paginateListTasks({ client: fleet.client }, query)) count += page.taskArns?.length ?? 0;
  return count;
}

interface Started {
  readonly started: number;
  readonly failures: readonly Failure[];
}
const none: Started = { started: 0, failures: [] };

async function start(
  fleet: Fleet,
  count: number,
  capacityProvider: 'FARGATE' | 'FARGATE_SPOT',
  request: string,
): Promise<Started> {
  let started = 0;
  const failures: Failure[] = [];
  for (let call = 0; call * TASKS_PER_CALL < count; call++) {
    try {
      const answer = await fleet.client.send(
        new RunTaskCommand({
          cluster: fleet.cluster,
          taskDefinition: fleet.taskFamily,
          count: Math.min(TASKS_PER_CALL, count - call * TASKS_PER_CALL),
          clientToken: createHash('sha256').update(`${request} ${capacityProvider} ${call}`).digest('hex'),
          capacityProviderStrategy: [{ capacityProvider, weight: 1 }],
          networkConfiguration: {
            awsvpcConfiguration: {
              subnets: [...fleet.subnets],
              securityGroups: [...fleet.securityGroups],
              assignPublicIp: fleet.assignPublicIp ? 'ENABLED' : 'DISABLED',
            },
          },
          propagateTags: 'TASK_DEFINITION',
        }),
      );
      started += answer.tasks?.length ?? 0;
      failures.push(...(answer.failures ?? []));
    } catch (error) {
      // ECS reports some shortages (quotas, no Spot in the zone) by an exception instead of a failure.
      if (!(error instanceof Error) || !CAPACITY.test(`${error.name} ${error.message}`)) throw error;
      failures.push({ reason: error.message });
    }
  }
  return { started, failures };
}

const CAPACITY = /capacity|limit|RESOURCE|throttl/i;

function isCapacity(failure: Failure): boolean {
  return CAPACITY.test(`${failure.reason} ${failure.detail}`);
}

function describe({ reason, detail }: Failure): Trouble {
  const words = ['a worker could not be started', reason, detail].filter((text) => text !== undefined);
  return { name: 'TaskFailedToStart', code: 'worker-not-started', message: words.join(': ') };
}
