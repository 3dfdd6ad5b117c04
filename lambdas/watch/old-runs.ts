import { paginateListExecutions, type SFNClient } from '@aws-sdk/client-sfn';
import { EVENT_KINDS } from '#run/events/event.ts';
import type { RunIsOld } from '#run/events/run-is-old.ts';
import { tellOnce } from '#run/events/tell-once.ts';
import { runKeys } from '#run/keys.ts';
import type { Watch } from './watch.ts';

const HOUR_MS = 3_600_000;

/**
 * Sends an event for each run that still continues this long after its start, or its last redrive; once for each of
 * those.
 *
 * @returns the ids of the runs that were reported now.
 */
export async function tellOfOldRuns(
  { store, events, deployment }: Watch,
  client: SFNClient,
  { runs, runHours, now }: { readonly runs: string; readonly runHours: number; readonly now: Date },
): Promise<string[]> {
  const told: string[] = [];
  const pages = paginateListExecutions({ client }, { stateMachineArn: runs, statusFilter: 'RUNNING' });
  for await (const { executions = [] } of pages) {
    for (const { name: runId = '', executionArn = '', startDate, redriveDate, redriveCount = 0 } of executions) {
      const startedAt = redriveDate ?? startDate ?? now;
      const hours = (now.getTime() - startedAt.getTime()) / HOUR_MS;
      if (hours < runHours) continue;
      const detail: RunIsOld = {
        v: 1,
        id: `${runId}/old-${redriveCount}`,
        deployment,
        runId,
        executionArn,
        startedAt: startedAt.toISOString(),
        hours: Math.round(hours * 100) / 100,
      };
      const event = { kind: EVENT_KINDS.runIsOld, at: now, resources: [executionArn], detail };
      if (await tellOnce(store, runKeys(runId).toldOf(`old-${redriveCount}`), events, event)) told.push(runId);
    }
  }
  return told;
}
