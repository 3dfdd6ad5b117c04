import * as z from '#net/zod.ts';
import { problemSchema } from '../problem/problem-schema.ts';

/**
 * The fields that every ledger record begins with. `v` is the record's version: a reader refuses a version that it
 * doesn't know.
 */
const base = {
  v: z.literal(1),
  runId: z.string(),
  item: z.string(),
  /** The name by which a person knows the item: its key, or the work's name. */
  name: z.string(),
  at: z.iso.datetime(),
};

/** The checks that the object passed, and the stated ones that were not made, with the reason. */
export const proofsSchema = z.object({
  held: z.array(z.string()),
  notChecked: z.array(z.string()),
});

/** `landed/<item>.json`: the whole object is in the bucket. */
export const landedSchema = z.lazy(() =>
  z.object({
    ...base,
    status: z.enum(['landed', 'unchanged', 'skipped']),
    bucket: z.string(),
    key: z.string(),
    /** The URL without credentials and query values. */
    url: z.string(),
    bytes: z.int().check(z.nonnegative()),
    seconds: z.number().check(z.nonnegative()),
    parts: z.int().check(z.nonnegative()),
    retries: z.int().check(z.nonnegative()),
    proofs: proofsSchema,
    /** The whole object's CRC-32, hex. */
    crc32: z.optional(z.string()),
    sourceEtag: z.optional(z.string()),
    sourceLastModified: z.optional(z.string()),
    contentType: z.optional(z.string()),
    /** The largest peak of resident memory among the processes that transferred the object, in MiB. */
    peakMemoryMiB: z.optional(z.number().check(z.nonnegative())),
    /** What the engine noticed and a reader should know, a sentence each. */
    notes: z._default(z.array(z.string()), []),
  }),
);
export type LandedRecord = z.infer<typeof landedSchema>;

export const objectsSchema = z.lazy(() =>
  z.array(z.object({ key: z.string(), bytes: z.int().check(z.nonnegative()) })),
);
/**
 * `results/<item>.json`, and `late/<item>.json` for a result that came after the run was closed. Only workers write
 * these records.
 */
export const resultSchema = z.lazy(() =>
  z.object({
    ...base,
    processor: z.string(),
    /** The number of the message's delivery that gave the result, counted from 1. */
    attempt: z.int().check(z.positive()),
    /** The task or process that made the result. */
    worker: z.string(),
    seconds: z.number().check(z.nonnegative()),
    outputs: objectsSchema,
    /** The prefix at which the outputs were published, and which of them. */
    publishedTo: z.optional(z.string()),
    published: z.optional(objectsSchema),
    /** The processor's own result. */
    result: z.json(),
  }),
);
export type ResultRecord = z.infer<typeof resultSchema>;

/** `failures/<item>.json`: the item will not be tried again in this run. */
export const failureSchema = z.lazy(() =>
  z.object({
    ...base,
    stage: z.enum(['transfer', 'process', 'reconcile']),
    problem: problemSchema,
    attempts: z.int().check(z.nonnegative()),
  }),
);
export type FailureRecord = z.infer<typeof failureSchema>;

/** `handed/<item>.json`: a worker lands this source, because the transfer takes too long for a Lambda. */
export const handedSchema = z.lazy(() =>
  z.object({
    ...base,
    reason: z.string(),
    /** Bytes that were read from the source before the source was handed over. The worker reads them again. */
    bytesSpent: z.int().check(z.nonnegative()),
  }),
);
export type HandedRecord = z.infer<typeof handedSchema>;

/** How an execution ended that did not reach DoneState. */
export const endedExecutionSchema = z.object({
  status: z.enum(['FAILED', 'TIMED_OUT', 'ABORTED']),
  /** How often the execution had been redriven before the run was closed. */
  redriveCount: z.int().check(z.nonnegative()),
});
export type EndedExecution = z.infer<typeof endedExecutionSchema>;

/** `closed.json`: the run is closed, and later results are late. It also records how the run ended. */
export const closedSchema = z.lazy(() =>
  z.object({
    v: z.literal(1),
    runId: z.string(),
    at: z.iso.datetime(),
    /** Why the run was closed with items missing; `settled` if none was missing. */
    reason: z.string(),
    /** Whether the gate opened with items missing. */
    forced: z._default(z.boolean(), false),
    /** The end of the execution, if this end and not an open gate has closed the run. A redrive opens the run again. */
    execution: z.optional(endedExecutionSchema),
    /** The error that broke the execution. */
    problem: z.optional(problemSchema),
  }),
);
export type Closing = z.infer<typeof closedSchema>;
