import * as z from 'zod';
import { runKeys } from '../keys.ts';
import { noteSchema } from '../problem/note.ts';
import { readJson, type Store } from '../store.ts';

/** One look of the gatekeeper at a run. */
const gateSampleSchema = z.object({
  at: z.iso.datetime(),
  done: z.int(),
  failed: z.int(),
  missing: z.int(),
  /** False while many items are missing: then the numbers come from the queue. */
  exact: z.boolean(),
  queued: z.int(),
  inFlight: z.int(),
  deadLetters: z.int(),
  workers: z.int(),
});
export type GateSample = z.infer<typeof gateSampleSchema>;

/**
 * `gate.json`: the gate's samples over time (only the last ones if there are very many), and the problems that it
 * noticed.
 */
export const gateRecordSchema = z.object({
  v: z.literal(1),
  runId: z.string(),
  /** How often the gatekeeper has looked. */
  looks: z.int(),
  samples: z.array(gateSampleSchema),
  /** The counts of shards in which every item is done: later looks don't list these shards again. */
  finished: z.record(z.string(), z.object({ done: z.int(), failed: z.int() })),
  /** Problems such as workers that could not be started; each once. */
  problems: z.array(noteSchema),
  /**
   * How many looks in a row found the queue empty, and the time of the first of them. Dead letters are counted
   * separately.
   */
  empty: z.object({ looks: z.int(), since: z.iso.datetime() }).nullable(),
  /**
   * The number of settled items if the last exact looks in a row found the same number, how many looks these were, and
   * the time of the first.
   */
  still: z.object({ settled: z.int(), looks: z.int(), since: z.iso.datetime() }).nullable().default(null),
  /** How often messages were sent again for items without a message in the queue. */
  redispatches: z.int(),
});
export type GateRecord = z.infer<typeof gateRecordSchema>;

/** The gate record before the first sample. */
export function newGateRecord(runId: string): GateRecord {
  return { v: 1, runId, looks: 0, samples: [], finished: {}, problems: [], empty: null, still: null, redispatches: 0 };
}

/** Reads the gate record of a run: the one before the first sample if the gatekeeper has not looked yet. */
export async function readGateRecord(store: Store, runId: string): Promise<GateRecord> {
  return (await readJson(store, runKeys(runId).gate, gateRecordSchema)) ?? newGateRecord(runId);
}
