import * as z from 'zod';
import { ingestFromEnvironment } from '../ingest/ingest.ts';
import { abandonLarge } from './abandon-large.ts';

const ingest = ingestFromEnvironment();

/** The error as Step Functions' Catch gives it: for a Lambda, Cause is JSON with the error's own message. */
const payloadSchema = z.object({
  runId: z.string(),
  item: z.string(),
  error: z.object({ Error: z.string(), Cause: z.string().optional() }),
});

/** Abandon: a large object's upload is lost → it is aborted, and begun again or recorded as failed. */
export async function handler(payload: unknown) {
  const { runId, item, error } = payloadSchema.parse(payload);
  return abandonLarge(ingest, runId, item, { name: error.Error, cause: error.Cause ?? '' });
}
