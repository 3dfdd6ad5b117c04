import * as z from 'zod';
import { runKeys } from '../keys.ts';
import { readJson, type Store } from '../store.ts';

/**
 * `loads/<n>.json`: how the load into one table is. The word that counts is the ledger in the warehouse; this is what Sluice
 * last knew, and what the manifest repeats.
 */
export const loadRecordSchema = z.object({
  v: z.literal(1),
  runId: z.string(),
  table: z.string(),
  mode: z.enum(['append', 'replace', 'merge']),
  /** The closing of the run that it is about: a redrive closes the run anew, and what failed is tried again. */
  closedAt: z.iso.datetime(),
  /** `nothing` where the run has no object for the table. */
  state: z.enum(['loading', 'loaded', 'nothing', 'failed', 'cancelled']),
  /** Its transaction in the warehouse: the Data API's id of it, and its last known state there. */
  statement: z
    .object({ id: z.string(), state: z.string(), part: z.int(), attempt: z.int(), at: z.iso.datetime() })
    .nullable(),
  objects: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
  /** Objects of `append` that an earlier run has landed, and that are so no news. */
  heldBack: z.int().nonnegative(),
  /** As the warehouse counted them, by part; null where it could not be asked. */
  rows: z.record(z.string(), z.int().nullable()),
  error: z.object({ name: z.string(), message: z.string() }).nullable(),
});
export type LoadRecord = z.infer<typeof loadRecordSchema>;

/** What Sluice knows of the load of a run's `index`-th table; undefined before it began. */
export function readLoadRecord(store: Store, runId: string, index: number): Promise<LoadRecord | undefined> {
  return readJson(store, runKeys(runId).load(index), loadRecordSchema);
}

/** Rows that a load has written, null where that isn't known. */
export function rowsOf({ rows }: LoadRecord): number | null {
  return Object.values(rows).reduce<number | null>(
    (sum, some) => (sum === null || some === null ? null : sum + some),
    0,
  );
}
