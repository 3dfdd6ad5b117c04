import * as z from 'zod';
import { loadModeSchema } from '../input/load.ts';
import { endedExecutionSchema, failureSchema, landedSchema, resultSchema } from '../ledger/records.ts';
import { noteSchema } from '../problem/note.ts';
import { problemSchema } from '../problem/problem-schema.ts';

/** How many names each list of the manifest contains; `items.jsonl` contains every item. */
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

/** The outcome of the load into one table of the warehouse. */
export const loadOutcomeSchema = z.object({
  table: z.string(),
  mode: loadModeSchema,
  /** `loading` if the execution ended before the outcome was known; `not begun` if it ended before the load began. */
  state: z.enum(['loaded', 'nothing', 'failed', 'cancelled', 'loading', 'not begun']),
  /** How many files were loaded, and their bytes. */
  objects: z.int(),
  bytes: z.int(),
  /** Rows as the warehouse counted them; null if the warehouse could not be asked. */
  rows: z.int().nullable(),
  /** How many seconds the statements took in the warehouse; null if that is unknown. */
  seconds: z.number().nullable().default(null),
  /** Objects of `append` that are left out because an earlier run has landed them already. */
  heldBack: z.int(),
  /** How many items of the table failed or are missing. They are not loaded. */
  notDone: z.int().default(0),
  /** Why the table was not loaded, with Redshift's own message, and what to do. */
  problem: z.nullable(problemSchema).default(null),
});
export type LoadOutcome = z.infer<typeof loadOutcomeSchema>;

/** `manifest.json`: the outcome of a run. It is written once; later results are stored under `late/`. */
export const manifestSchema = z.object({
  v: z.literal(1),
  /** The version of Sluice that wrote the manifest. */
  version: z.string().optional(),
  runId: z.string(),
  executionArn: z.string(),
  startedAt: z.iso.datetime(),
  closedAt: z.iso.datetime(),
  /** The run whose failed and missing items this run repeated. */
  rerunOf: z.string().nullable(),
  outcome: outcomeSchema,
  /** Whether the gate opened with items missing, and why: `late`, `deadline`, `input`, or the execution's end. */
  forced: z.boolean(),
  reason: z.string().nullable(),
  /** The end of the execution, if CloseRun and not DoneState has closed the run. A redrive opens the run again. */
  execution: z.optional(endedExecutionSchema),
  /**
   * Why the run as a whole did not succeed: a forced gate, a broken execution, or no item done. Items have problems of
   * their own.
   */
  problem: z.nullable(problemSchema),
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
  /** Bytes that this run landed, without unchanged and skipped objects. */
  bytes: z.int(),
  /** What the run costs by list prices; null if the function that wrote the manifest did not know the deployment. */
  dollars: z.number().nonnegative().nullable().default(null),
  /** The tables of the warehouse, in the plan's order. */
  loads: z.array(loadOutcomeSchema).default([]),
  /** Problems around the run (such as workers that did not start) that a reader should know. */
  notes: z.array(noteSchema),
  done: z.array(z.object(named)),
  failed: z.array(z.object({ ...named, stage: z.string(), problem: problemSchema })),
  missing: z.array(z.object({ ...named, landed: z.boolean() })),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** The most characters in a line of `items.jsonl`. A reader needs no more memory than this. */
export const MOST_LINE_CHARACTERS = 1_000_000;

/** A line of `items.jsonl`: one planned item with all that the ledger contains about it. */
export const itemLineSchema = z.object({
  ...named,
  kind: z.enum(['source', 'work']),
  /** The table of the warehouse that the item's objects are loaded into when the item is done. */
  load: z.object({ table: z.string(), heldBack: z.boolean() }).optional(),
  status: z.enum(['done', 'failed', 'missing']),
  /**
   * The URL of a source that has not landed, without credentials and query values. A landed source has its URL in
   * `landed`.
   */
  url: z.string().optional(),
  landed: z.optional(landedSchema),
  result: z.optional(resultSchema),
  failure: z.optional(failureSchema),
  /**
   * What the ledger contains about the item but the line does not, a sentence each: too long for a line, or unreadable.
   */
  leftOut: z.array(z.string()).optional(),
});
export type ItemLine = z.infer<typeof itemLineSchema>;
