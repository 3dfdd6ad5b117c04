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
import { endedExecutionSchema } from '#run/ledger/records.ts';
import { readJson, type Store } from '#run/store.ts';
import { planOfExecution } from '../execution.ts';

/** The two state machines of a deployment, by ARN. */
export interface StateMachines {
  /** The state machine whose executions are runs. */
  readonly runs: string;
  /** The state machine that closes the run of an execution that has ended. */
  readonly closeRun: string;
}

/** The number of executions that are checked at once; each needs up to four reads. */
const LOOKS_AT_ONCE = 16;
/** The last executions of each status are checked. If a run is older than these, many sweeps have missed it already. */
const LOOKED_AT = 100;
/** EventBridge reports an end within seconds. The sweep closes only runs that ended longer ago than this. */
const PATIENCE_MS = 15 * 60_000;

/**
 * Closes runs whose execution has ended but which were not closed: EventBridge delivers events on a "best effort"
 * basis, so very rarely an event never comes. It checks the last hundred executions that failed, timed out or were
 * stopped.
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
  for (const status of endedExecutionSchema.shape.status.options) {
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
        // At most one execution a day closes the same end, however many sweeps find it.
        name: `sweep-${itemId(executionArn, String(redriveCount), now.toISOString().slice(0, 10))}`,
        input: JSON.stringify({ ...execution, status, cause: 'a later run found that nothing had closed this run' }),
      }),
    );
    return true;
  } catch (error) {
    // Another sweep has started this execution today; the execution failed, and its error says why. Tomorrow it is
    // tried again.
    if (error instanceof Error && error.name === 'ExecutionAlreadyExists') return false;
    throw error;
  }
}
