import { z } from 'zod';
import { ingestFromEnvironment } from '../ingest/ingest.ts';
import { abandonLarge } from './abandon-large.ts';

const ingest = ingestFromEnvironment();

/** The error as Step Functions' Catch gives it: for a Lambda, Cause is JSON with the error's own message. */
const payloadSchema = z.object({
  runId: z.string(),
  item: z.string(),
  error: z.object({ Error: z.string(), Cause: z.string().optional() }),
});

/** Abandon: a large object could not be landed → its upload is aborted and its failure recorded. */
export async function handler(payload: unknown) {
  const { runId, item, error } = payloadSchema.parse(payload);
  await abandonLarge(ingest, runId, item, { name: error.Error, cause: error.Cause ?? '' });
}
