import { runKeys } from '../keys.ts';
import { type Closing, closedSchema, type EndedExecution } from '../ledger/records.ts';
import type { Problem } from '../problem/problem.ts';
import { readJson, type Store, writeJson, writeOnce } from '../store.ts';

/** How a run ends. */
export interface Ending {
  /** Whether the gate opened with items missing. */
  readonly forced: boolean;
  /** Why the gate was forced, or what ended the execution. Null if every item is settled. */
  readonly reason: string | null;
  /** The end of the execution, if this end closes the run. */
  readonly execution?: EndedExecution;
  /** The error that broke the execution. */
  readonly problem?: Problem;
}

/** The reason in `closed.json` of a run that was closed with every item settled. */
const SETTLED = 'settled';

/**
 * Closes a run: results that come later are late. The first closing is kept, so every later step of the end, and every
 * repeated one, reads here how the run ended.
 *
 * @returns the closing that is stored.
 */
export async function closeRun(
  store: Store,
  runId: string,
  { forced, reason, execution, problem }: Ending,
): Promise<Closing> {
  const closing: Closing = {
    v: 1,
    runId,
    at: new Date().toISOString(),
    reason: reason ?? SETTLED,
    forced,
    ...(execution && { execution }),
    ...(problem && { problem }),
  };
  if ((await writeOnce(store, runKeys(runId).closed, closing)) === 'written') return closing;
  return (await readClosing(store, runId)) ?? closing;
}

/**
 * Records that the execution of a closed run broke before the end of the run was written. A redrive then opens the run
 * again.
 */
export async function breakClosing(
  store: Store,
  closing: Closing,
  { reason, execution, problem }: Ending,
): Promise<void> {
  await writeJson(store, runKeys(closing.runId).closed, {
    ...closing,
    forced: true,
    reason: reason ?? closing.reason,
    execution,
    ...(problem && { problem }),
  });
}

/** Returns how a run was closed, or undefined if it is open. */
export function readClosing(store: Store, runId: string): Promise<Closing | undefined> {
  return readJson(store, runKeys(runId).closed, closedSchema);
}

/** Returns why a run was closed, or null if every item was settled. */
export function reasonOf({ reason }: Closing): string | null {
  return reason === SETTLED ? null : reason;
}
