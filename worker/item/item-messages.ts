import * as z from 'zod';
import { type ErrorText, errorTextSchema } from './error-text.ts';
import type { ItemJob } from './item-job.ts';

/** What a worker says to an item process. */
export type ToItemProcess =
  | { readonly kind: 'run'; readonly job: ItemJob }
  | { readonly kind: 'abort'; readonly reason: ErrorText };

export const MAX_PROGRESS = 1_000;
/** A processor's result is bounded; the names of its outputs are not. */
export const MAX_OUTPUTS = 20_000;

/**
 * What an item process says to its worker. A processor's code can say anything by the same channel, so it is read by this
 * schema: whatever else comes is not heard.
 */
export const fromItemProcessSchema = z.discriminatedUnion('kind', [
  /** It is loaded and takes a job. */
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('progress'), text: z.string().max(MAX_PROGRESS) }),
  z.object({
    kind: z.literal('done'),
    result: z.json(),
    outputs: z.array(z.object({ name: z.string(), bytes: z.number() })).max(MAX_OUTPUTS),
    /** Nothing is left of the item, and the next one may run in the same process. */
    isClean: z.boolean(),
  }),
  z.object({ kind: z.literal('failed'), error: errorTextSchema }),
  /** An error that nobody caught. The process ends itself then. */
  z.object({ kind: z.literal('uncaught'), error: errorTextSchema }),
  /** The process ends: `process.exit`, or nothing is left that keeps it. */
  z.object({ kind: z.literal('exit'), code: z.number() }),
]);
export type FromItemProcess = z.infer<typeof fromItemProcessSchema>;
