import {
  type ExecutionListItem,
  ListExecutionsCommand,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import pMap from 'p-map';
import { manifestSchema } from '#run/end/manifest.ts';
import { latestRedrive } from '#run/end/reopen.ts';
import { itemId } from '#run/ids.ts';
import { runKeys } from '#run/keys.ts';
import { readJson, type Store } from '#run/store.ts';
import { planOfExecution } from '../execution.ts';

/** The two state machines of a deployment, by ARN. */
export interface StateMachines {
  /** Runs are its executions. */
  readonly runs: string;
  /** What closes the run of an execution that has ended. */
  readonly closeRun: string;
}

/** Executions looked at at once; each takes up to four reads. */
const LOOKS_AT_ONCE = 16;
const STATUSES = ['FAILED', 'TIMED_OUT', 'ABORTED'] as const;
/** Of each status the last ones are looked at. A run that is overlooked so long was overlooked by as many sweeps. */
const LOOKED_AT = 100;
/** EventBridge tells of an end within seconds; until then the end is nobody else's business. */
const PATIENCE_MS = 15 * 60_000;

/**
 * Closes runs whose execution has ended and which nobody has closed: EventBridge's events are "best effort", so that one in a
 * great while never comes. It looks at the last hundred executions that failed, timed out or were stopped.
 *
 * @returns the ids of the runs that are being closed now.
 */
export async function sweep(
  store: Store,
  client: SFNClient,
  machines: StateMachines,
  now: Date = new Date(),
): Promise<string[]> {
  const swept: string[] = [];
  for (const status of STATUSES) {
    const { executions = [] } = await client.send(
      new ListExecutionsCommand({ stateMachineArn: machines.runs, statusFilter: status, maxResults: LOOKED_AT }),
    );
    const old = executions.filter(({ stopDate }) => now.getTime() - (stopDate?.getTime() ?? 0) >= PATIENCE_MS);
    await pMap(
      old,
      async (execution) => {
        if (await startClosing(store, client, machines.closeRun, execution, now)) swept.push(execution.name ?? '');
      },
      { concurrency: LOOKS_AT_ONCE },
    );
  }
  return swept;
}

async function startClosing(
  store: Store,
  client: SFNClient,
  stateMachineArn: string,
  { executionArn = '', name = '', status, redriveCount = 0 }: ExecutionListItem,
  now: Date,
): Promise<boolean> {
  const execution = { executionArn, name, redriveCount };
  if ((await readJson(store, runKeys(name).manifest, manifestSchema)) !== undefined) return false;
  if ('none' in (await planOfExecution(store, execution))) return false;
  if ((await latestRedrive(store, name)) > redriveCount) return false;
  try {
    await client.send(
      new StartExecutionCommand({
        stateMachineArn,
        // The same end is closed by one execution a day, whoever sweeps.
        name: `sweep-${itemId(executionArn, String(redriveCount), now.toISOString().slice(0, 10))}`,
        input: JSON.stringify({ ...execution, status, cause: 'found by a later run: nobody had closed it' }),
      }),
    );
    return true;
  } catch (error) {
    // Somebody has swept today; that execution failed, and says why. Tomorrow it is tried again.
    if (error instanceof Error && error.name === 'ExecutionAlreadyExists') return false;
    throw error;
  }
}
