import * as z from 'zod';
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

/** Abandon: a large object's upload is lost → it is aborted, and begun again or recorded as failed. */
export const handler = logged(async (payload: unknown) => {
  const { runId, item, error } = payloadSchema.parse(payload);
  return abandonLarge(ingest, runId, item, { name: error.Error, cause: error.Cause ?? '' });
});
