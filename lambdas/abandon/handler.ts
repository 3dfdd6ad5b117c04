import * as z from '#net/zod.ts';
import { caughtErrorSchema } from '../caught-error.ts';
import { ingestFromEnvironment } from '../ingest/ingest.ts';
import { logged } from '../logged.ts';
import { abandonLarge } from './abandon-large.ts';

const ingest = ingestFromEnvironment();

const payloadSchema = z.object({
  runId: z.string(),
  item: z.string(),
  error: caughtErrorSchema,
});

/** Abandon: aborts the upload of a large object, and lets it begin again or records a failure. */
export const handler = logged(async (payload: unknown) => {
  const { runId, item, error } = payloadSchema.parse(payload);
  return abandonLarge(ingest, runId, item, { name: error.Error, cause: error.Cause ?? '' });
});
