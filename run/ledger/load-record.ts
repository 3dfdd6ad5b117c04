import * as z from 'zod';
import { loadModeSchema } from '../input/load.ts';
import { runKeys } from '../keys.ts';
import { readJson, type Store } from '../store.ts';

/**
 * `loads/<n>.json`: the state of the load into one table. The ledger in the warehouse decides; this record is Sluice's
 * last knowledge of it, which the manifest repeats.
 */
export const loadRecordSchema = z.object({
  v: z.literal(1),
  runId: z.string(),
  table: z.string(),
  mode: loadModeSchema,
  /**
   * The closing of the run that the record belongs to. A redrive closes the run again, and failed loads are then tried
   * again.
   */
  closedAt: z.iso.datetime(),
  /** `nothing` if the run has no object for the table. */
  state: z.enum(['loading', 'loaded', 'nothing', 'failed', 'cancelled']),
  /** The load's transaction in the warehouse: its id in the Data API, and its last known state. */
  statement: z
    .object({ id: z.string(), state: z.string(), part: z.int(), attempt: z.int(), at: z.iso.datetime() })
    .nullable(),
  objects: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
  /** Objects of `append` that are left out because an earlier run has landed them. */
  heldBack: z.int().nonnegative(),
  /** Rows as the warehouse counted them, by part; null if the warehouse could not be asked. */
  rows: z.record(z.string(), z.int().nullable()),
  /** How many seconds the statement took in the warehouse, by part: the last attempt if there were several. */
  seconds: z.record(z.string(), z.number().nonnegative()).default({}),
  error: z.object({ name: z.string(), message: z.string() }).nullable(),
});
export type LoadRecord = z.infer<typeof loadRecordSchema>;

/** Returns the record of the load into a run's `index`-th table; undefined before the load began. */
export function readLoadRecord(store: Store, runId: string, index: number): Promise<LoadRecord | undefined> {
  return readJson(store, runKeys(runId).load(index), loadRecordSchema);
}

/** Returns how many seconds a load took in the warehouse, or null if that is unknown. */
export function secondsOf({ seconds }: LoadRecord): number | null {
  const all = Object.values(seconds);
  return all.length === 0 ? null : all.reduce((sum, some) => sum + some, 0);
}

/** Returns how many rows a load has written, or null if that is unknown. */
export function rowsOf({ rows }: LoadRecord): number | null {
  return Object.values(rows).reduce<number | null>(
    (sum, some) => (sum === null || some === null ? null : sum + some),
    0,
  );
}
