import * as z from 'zod';
import { type ErrorText, errorTextSchema } from './error-text.ts';
import type { ItemJob } from './item-job.ts';

/** The messages from a worker to an item process. */
export type ToItemProcess =
  | { readonly kind: 'run'; readonly job: ItemJob }
  | { readonly kind: 'abort'; readonly reason: ErrorText };

export const MAX_PROGRESS = 1_000;
/** A processor's result has a size limit, but the list of its outputs has none of its own. */
export const MAX_OUTPUTS = 20_000;

/**
 * The messages from an item process to its worker. A processor's code can send anything over the same channel, so the
 * worker checks messages with this schema and ignores all others.
 */
export const fromItemProcessSchema = z.discriminatedUnion('kind', [
  /** The process is loaded and accepts a job. */
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('progress'), text: z.string().max(MAX_PROGRESS) }),
  z.object({
    kind: z.literal('done'),
    result: z.json(),
    outputs: z.array(z.object({ name: z.string(), bytes: z.number() })).max(MAX_OUTPUTS),
    /** The item has left nothing behind, so the next one may run in the same process. */
    isClean: z.boolean(),
  }),
  z.object({ kind: z.literal('failed'), error: errorTextSchema }),
  /** An error that no code caught. The process then ends itself. */
  z.object({ kind: z.literal('uncaught'), error: errorTextSchema }),
  /** The process ends: `process.exit` was called, or nothing keeps it alive. */
  z.object({ kind: z.literal('exit'), code: z.number() }),
]);
export type FromItemProcess = z.infer<typeof fromItemProcessSchema>;
