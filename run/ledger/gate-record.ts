import * as z from 'zod';

/** One look of the gatekeeper at a run. */
const gateSampleSchema = z.object({
  at: z.iso.datetime(),
  done: z.int(),
  failed: z.int(),
  missing: z.int(),
  /** False where much is under way and the numbers are the queue's. */
  exact: z.boolean(),
  queued: z.int(),
  inFlight: z.int(),
  deadLetters: z.int(),
  workers: z.int(),
});
export type GateSample = z.infer<typeof gateSampleSchema>;

/** `gate.json`: the gate's samples over time, the last ones where there are very many, and what it noticed. */
export const gateRecordSchema = z.object({
  v: z.literal(1),
  runId: z.string(),
  /** How often the gatekeeper has looked. */
  looks: z.int(),
  samples: z.array(gateSampleSchema),
  /** The counts of shards in which every item is done: no look lists them again. */
  finished: z.record(z.string(), z.object({ done: z.int(), failed: z.int() })),
  /** What kept workers from being started and the like; each sentence once. */
  problems: z.array(z.string()),
  /** Looks in a row that found the queue empty, and when the first of them was. Dead letters are counted apart. */
  empty: z.object({ looks: z.int(), since: z.iso.datetime() }).nullable(),
  /** How many items were settled, as the last exact looks in a row have it, how many there were, and when the first was. */
  still: z.object({ settled: z.int(), looks: z.int(), since: z.iso.datetime() }).nullable().default(null),
  /** How often items with nothing in the queue were sent once more. */
  redispatches: z.int(),
});
export type GateRecord = z.infer<typeof gateRecordSchema>;

/** The record before the first sample. */
export function newGateRecord(runId: string): GateRecord {
  return { v: 1, runId, looks: 0, samples: [], finished: {}, problems: [], empty: null, still: null, redispatches: 0 };
}
