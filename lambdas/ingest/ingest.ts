import type { SourceGuard } from '#net/guard/source-guard.ts';
import type * as z from '#net/zod.ts';
import { readEnvironment } from '#run/environment.ts';
import { RunLimits } from '#run/limits/run-limits.ts';
import { guardOf, type SourceRules } from '#run/limits/source-rules.ts';
import { INGEST_VARIABLE } from '#run/settings/variables/ingest.ts';
import { LIMITS_VARIABLE } from '#run/settings/variables/limits.ts';
import { SOURCES_VARIABLE } from '#run/settings/variables/sources.ts';
import type { Store } from '#run/store.ts';
import type { TransferOptions } from '#transfer/index.ts';
import { BUCKET_VARIABLE } from '../environment/bucket.ts';
import { MEMORY_VARIABLE } from '../environment/memory.ts';
import { storeOf } from '../store.ts';

/** What Open, Slice, Close and Abandon share. Those that read sources also need credentials: source-ingest.ts. */
export interface Ingest {
  readonly store: Store;
  readonly limits: RunLimits;
  /** The engine's options that a deployment sets. */
  readonly options: Pick<
    TransferOptions,
    'connections' | 'bufferBytes' | 'streamMemoryBytes' | 'maxBytes' | 'signal'
  > & { readonly guard: SourceGuard };
  readonly sliceBytes: number;
  readonly sourcesAtOnce: number;
}

const MIB = 1_048_576;
const GIB = 1_073_741_824;

/** Memory that a transferring Lambda needs besides the buffers of its streams: Node, the SDK, the probes' buffers. */
const BASE_MIB = 400;
const SMALLEST_STREAM_MIB = 24;

/**
 * The time at the end of an invocation that is kept for recording: the state must be written before Lambda ends the
 * process.
 */
const MARGIN_MILLISECONDS = 30_000;

const VARIABLES = {
  ...BUCKET_VARIABLE,
  ...INGEST_VARIABLE,
  ...MEMORY_VARIABLE,
  ...SOURCES_VARIABLE,
  ...LIMITS_VARIABLE,
};

/** Reads the environment of a transferring function. */
export function ingestFromEnvironment(): Ingest & { readonly sources: SourceRules } {
  const env: z.infer<z.ZodMiniObject<typeof VARIABLES>> = readEnvironment(VARIABLES);
  const { connections, bufferMiB, sliceMiB, sourcesAtOnce } = env.SLUICE_INGEST;
  const streamMiB = Math.max(
    SMALLEST_STREAM_MIB,
    Math.floor((env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE - BASE_MIB) / sourcesAtOnce),
  );
  const store = storeOf(env);
  return {
    store,
    limits: new RunLimits(store, env.SLUICE_LIMITS.runGiB * GIB),
    options: {
      connections,
      bufferBytes: bufferMiB * MIB,
      streamMemoryBytes: streamMiB * MIB,
      guard: guardOf(env.SLUICE_SOURCES),
      maxBytes: env.SLUICE_LIMITS.sourceGiB * GIB,
    },
    sources: env.SLUICE_SOURCES,
    sliceBytes: sliceMiB * MIB,
    sourcesAtOnce,
  };
}

/** Returns when an invocation has to be done: Lambda's time limit, minus the time to record the state. */
export function deadlineOf(context: { getRemainingTimeInMillis(): number }): Date {
  return new Date(Date.now() + context.getRemainingTimeInMillis() - MARGIN_MILLISECONDS);
}
