import * as z from 'zod';
import { itemIdSchema, processSchema, sourceItemSchema } from '../item.ts';

/**
 * What a worker receives: one item to process, or a source to land. It carries all that the worker needs, so that receiving costs no
 * further request. Well below the 1 MiB that SQS takes, and the 256 KiB it took until 2025.
 */
export const messageSchema = z.strictObject({
  v: z.literal(1),
  runId: z.string(),
  item: itemIdSchema,
  name: z.string(),
  process: processSchema,
  /** A source to land, for which a Lambda's time is too short. What its object then gets comes in a message of its own. */
  fetch: sourceItemSchema.optional(),
  /** The landed object, where the item is a source. */
  object: z
    .strictObject({
      bucket: z.string(),
      key: z.string(),
      bytes: z.int().nonnegative(),
      /** What the source called it, where it said anything. */
      contentType: z.string().optional(),
    })
    .optional(),
  /** The work's own input, where the item is work. */
  input: z.json().optional(),
});

export type WorkMessage = z.infer<typeof messageSchema>;
