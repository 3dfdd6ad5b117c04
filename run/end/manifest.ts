import * as z from 'zod';
import { endedExecutionSchema, failureSchema, landedSchema, resultSchema } from '../ledger/records.ts';
import { problemSchema } from '../problem/problem.ts';

/** How many names each list of the manifest holds; `items.jsonl` holds every item. */
export const NAMES_IN_MANIFEST = 1_000;

/**
 * How a run ended.
 * - `complete`: every item is done.
 * - `partial`: some are failed or missing, and that was allowed.
 * - `late`: some are missing and the input said `onLate: "fail"`.
 * - `failed`: every item failed, or the execution itself did.
 */
export const outcomeSchema = z.enum(['complete', 'partial', 'late', 'failed']);
export type Outcome = z.infer<typeof outcomeSchema>;

const named = { item: z.string(), name: z.string() };

/** What became of the load into one table of the warehouse. */
export const loadOutcomeSchema = z.object({
  table: z.string(),
  mode: z.enum(['append', 'replace', 'merge']),
  /** `loading` where the execution ended before that was known, and `not begun`. */
  state: z.enum(['loaded', 'nothing', 'failed', 'cancelled', 'loading', 'not begun']),
  objects: z.int(),
  bytes: z.int(),
  /** As the warehouse counted them; null where it could not be asked. */
  rows: z.int().nullable(),
  /** Objects of `append` that an earlier run has landed already. */
  heldBack: z.int(),
  error: z.object({ name: z.string(), message: z.string() }).nullable(),
});
export type LoadOutcome = z.infer<typeof loadOutcomeSchema>;

/** `manifest.json`: what came of a run. Written once; what comes after it lies under `late/`. */
export const manifestSchema = z.object({
  v: z.literal(1),
  /** Of the Sluice that wrote it. */
  version: z.string().optional(),
  runId: z.string(),
  executionArn: z.string(),
  startedAt: z.iso.datetime(),
  closedAt: z.iso.datetime(),
  /** The run whose failed and missing items these were. */
  rerunOf: z.string().nullable(),
  outcome: outcomeSchema,
  /** Whether the gate was passed with items missing, and why: `late`, `deadline`, `input`, or the execution's end. */
  forced: z.boolean(),
  reason: z.string().nullable(),
  /** The end of the execution, where CloseRun and not DoneState has closed the run. A redrive opens it again. */
  execution: endedExecutionSchema.optional(),
  /** What kept the run as a whole from its order: a forced gate, a broken execution, or that nothing was done. Items have their own. */
  problem: problemSchema.nullable(),
  counts: z.object({
    items: z.int(),
    done: z.int(),
    failed: z.int(),
    missing: z.int(),
    landed: z.int(),
    unchanged: z.int(),
    skipped: z.int(),
    processed: z.int(),
  }),
  /** Bytes that this run landed: unchanged and skipped objects count nothing. */
  bytes: z.int(),
  /** The tables of the warehouse, in the plan's order. */
  loads: z.array(loadOutcomeSchema).default([]),
  /** Problems with workers and the like that a reader should know of, a sentence each. */
  notes: z.array(z.string()),
  done: z.array(z.object(named)),
  failed: z.array(z.object({ ...named, stage: z.string(), problem: problemSchema })),
  missing: z.array(z.object({ ...named, landed: z.boolean() })),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** How many characters a line of `items.jsonl` has at most, so that readers need no more memory than that. */
export const MOST_LINE_CHARACTERS = 1_000_000;

/** A line of `items.jsonl`: one planned item with all that the ledger has on it. */
export const itemLineSchema = z.object({
  ...named,
  kind: z.enum(['source', 'work']),
  /** The table of the warehouse that it goes into, where it is done. */
  load: z.object({ table: z.string(), heldBack: z.boolean() }).optional(),
  status: z.enum(['done', 'failed', 'missing']),
  /** Of a source that has not landed, without credentials and with query values removed. What landed has its own. */
  url: z.string().optional(),
  landed: landedSchema.optional(),
  result: resultSchema.optional(),
  failure: failureSchema.optional(),
  /** What the ledger has on the item and the line doesn't, a sentence each: too long for a line, or unreadable. */
  leftOut: z.array(z.string()).optional(),
});
export type ItemLine = z.infer<typeof itemLineSchema>;
