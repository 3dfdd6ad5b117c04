import { StopTaskCommand } from '@aws-sdk/client-ecs';
import pMap from 'p-map';
import type { Trouble } from '../problem/note.ts';
import type { Store } from '../store.ts';
import type { Fleet } from './fleet.ts';
import { lastSign, SILENT_SECONDS } from './signs-of-life.ts';
import { tasksOf } from './tasks.ts';

const SIGNS_AT_ONCE = 20;

/**
 * Stops workers that run and do nothing: they hang, or are stuck before their first receive. Otherwise they would be
 * billed for ever, and count towards the fleet's limit. ECS gives each two minutes to return its items, and the next
 * look at the fleet replaces it. A worker of an older version gives no signs, so it is replaced too.
 *
 * @returns a problem for each worker that is stopped.
 */
export async function stopSilentWorkers(fleet: Fleet, store: Store, now: Date): Promise<Trouble[]> {
  const problems: Trouble[] = [];
  const tasks = await Array.fromAsync(tasksOf(fleet, 'RUNNING'));
  // Only workers that have run for longer than the silence limit are checked.
  const old = tasks.flatMap(({ taskArn = '', startedAt }) =>
    startedAt !== undefined && secondsSince(startedAt, now) > SILENT_SECONDS ? [{ taskArn, startedAt }] : [],
  );
  await pMap(
    old,
    async ({ taskArn, startedAt }) => {
      const worker = taskArn.slice(taskArn.lastIndexOf('/') + 1);
      const seconds = secondsSince((await lastSign(store, worker)) ?? startedAt, now);
      if (seconds <= SILENT_SECONDS) return;
      const silence = `worker ${worker} has given no sign of life for ${Math.floor(seconds / 60)} minutes`;
      await fleet.client.send(
        new StopTaskCommand({ cluster: fleet.cluster, task: taskArn, reason: `Sluice: ${silence}` }),
      );
      const message = `${silence}: Sluice stops and replaces it`;
      problems.push({ name: 'SilentWorker', code: 'worker-silent', message, worker });
    },
    { concurrency: SIGNS_AT_ONCE },
  );
  return problems;
}

function secondsSince(at: Date, now: Date): number {
  return (now.getTime() - at.getTime()) / 1_000;
}
