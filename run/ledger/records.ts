import * as z from 'zod';
import { problemSchema } from '../problem/problem.ts';

/** What every ledger record begins with. `v` is the record's version: a reader refuses one it doesn't know. */
const base = {
  v: z.literal(1),
  runId: z.string(),
  item: z.string(),
  /** What a person calls the item: its key, or the work's name. */
  name: z.string(),
  at: z.iso.datetime(),
};

/** Which checks the object passed and which were stated but not checked, with the reason. */
export const proofsSchema = z.object({
  held: z.array(z.string()),
  notChecked: z.array(z.string()),
});

/** `landed/<item>.json`: an object stands in the bucket, whole. */
export const landedSchema = z.object({
  ...base,
  status: z.enum(['landed', 'unchanged', 'skipped']),
  bucket: z.string(),
  key: z.string(),
  /** Without credentials, and with query values removed. */
  url: z.string(),
  bytes: z.int().nonnegative(),
  seconds: z.number().nonnegative(),
  parts: z.int().nonnegative(),
  retries: z.int().nonnegative(),
  proofs: proofsSchema,
  /** The whole object's CRC-32, hex. */
  crc32: z.string().optional(),
  sourceEtag: z.string().optional(),
  sourceLastModified: z.string().optional(),
  contentType: z.string().optional(),
  /** Largest peak of resident memory among the processes that transferred it, in MiB. */
  peakMemoryMiB: z.number().nonnegative().optional(),
  /** What the engine noticed and a reader should know, a sentence each. */
  notes: z.array(z.string()).default([]),
});
export type LandedRecord = z.infer<typeof landedSchema>;

/** `results/<item>.json`, and `late/<item>.json` for one that came after the run was closed. Workers' alone. */
export const resultSchema = z.object({
  ...base,
  processor: z.string(),
  /** Which delivery of the message won, counted from 1. */
  attempt: z.int().positive(),
  /** The task or process that did it. */
  worker: z.string(),
  seconds: z.number().nonnegative(),
  outputs: z.array(z.object({ key: z.string(), bytes: z.int().nonnegative() })),
  /** The prefix that the outputs were published at, and what stands there of them. */
  publishedTo: z.string().optional(),
  published: z.array(z.object({ key: z.string(), bytes: z.int().nonnegative() })).optional(),
  /** The processor's own result. */
  result: z.json(),
});
export type ResultRecord = z.infer<typeof resultSchema>;

/** `failures/<item>.json`: the item will not be tried again in this run. */
export const failureSchema = z.object({
  ...base,
  stage: z.enum(['transfer', 'process', 'reconcile']),
  problem: problemSchema,
  attempts: z.int().nonnegative(),
});
export type FailureRecord = z.infer<typeof failureSchema>;

/** `handed/<item>.json`: a Lambda's time is too short for the source, so a worker lands it. */
export const handedSchema = z.object({
  ...base,
  reason: z.string(),
  /** Read from the source before that was clear; the worker reads them again. */
  bytesSpent: z.int().nonnegative(),
});
export type HandedRecord = z.infer<typeof handedSchema>;

/** How an execution ended that came to no DoneState. */
export const endedExecutionSchema = z.object({
  status: z.enum(['FAILED', 'TIMED_OUT', 'ABORTED']),
  /** How often it had been redriven by then. */
  redriveCount: z.int().nonnegative(),
});
export type EndedExecution = z.infer<typeof endedExecutionSchema>;

/** `closed.json`: from here on, what comes is late. It also says how the run came to its end. */
export const closedSchema = z.object({
  v: z.literal(1),
  runId: z.string(),
  at: z.iso.datetime(),
  /** Why the run was closed with items missing; `settled` where none was. */
  reason: z.string(),
  /** Whether the gate was passed with items missing. */
  forced: z.boolean().default(false),
  /** The end of the execution, where that and not an open gate has closed the run. A redrive opens it again. */
  execution: endedExecutionSchema.optional(),
  /** The error that broke the execution. */
  problem: problemSchema.optional(),
});
export type Closing = z.infer<typeof closedSchema>;
