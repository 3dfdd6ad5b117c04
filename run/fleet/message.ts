import * as z from 'zod';
import { itemIdSchema, processSchema, sourceItemSchema } from '../item.ts';

/**
 * What a worker receives: one item to process, or a source to land. The message contains all that the worker needs, so
 * that a received message costs no further request. It is much smaller than the 1 MiB that SQS accepts, and than the
 * 256 KiB that SQS accepted until 2025.
 */
export const messageSchema = z.strictObject({
  v: z.literal(1),
  runId: z.string(),
  item: itemIdSchema,
  name: z.string(),
  process: processSchema,
  /**
   * A source that takes too long for a Lambda, so a worker lands it. If its object needs a processor, this is another
   * message.
   */
  fetch: z.optional(sourceItemSchema),
  /** The landed object, if the item is a source. */
  object: z
    .strictObject({
      bucket: z.string(),
      key: z.string(),
      bytes: z.int().nonnegative(),
      /** The content type that the source stated, if any. */
      contentType: z.string().optional(),
    })
    .optional(),
  /** The work's own input, if the item is work. */
  input: z.json().optional(),
});

export type WorkMessage = z.infer<typeof messageSchema>;
