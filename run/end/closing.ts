import { runKeys } from '../keys.ts';
import { type Closing, closedSchema, type EndedExecution } from '../ledger/records.ts';
import type { Problem } from '../problem/problem.ts';
import { readJson, type Store, writeJson, writeOnce } from '../store.ts';

/** How a run comes to its end. */
export interface Ending {
  /** Whether the gate was passed with items missing. */
  readonly forced: boolean;
  /** Why it was forced, or what ended the execution; null where every item is settled. */
  readonly reason: string | null;
  /** The end of the execution, where that is what closes the run. */
  readonly execution?: EndedExecution;
  /** The error that broke it. */
  readonly problem?: Problem;
}

/** What `closed.json` has for a reason where there is none. */
const SETTLED = 'settled';

/**
 * Closes a run: from here on what comes is late. The first word counts, so that every later step of the end, and every
 * repeated one, reads how the run ended from here.
 *
 * @returns the closing that stands.
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
 * Says of a run that was closed in order that its execution broke afterwards, before its end was written. A redrive then opens
 * it again.
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

/** How a run was closed, undefined where it is open. */
export function readClosing(store: Store, runId: string): Promise<Closing | undefined> {
  return readJson(store, runKeys(runId).closed, closedSchema);
}

/** Why a run was closed, null where every item was settled. */
export function reasonOf({ reason }: Closing): string | null {
  return reason === SETTLED ? null : reason;
}
