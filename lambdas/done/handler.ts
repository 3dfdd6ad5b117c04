import { S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { requestLimits } from '#run/aws-requests.ts';
import { closeRun } from '#run/end/close.ts';
import { reopenRun } from '#run/end/reopen.ts';
import { runKeys } from '#run/keys.ts';
import { readPlanSummary } from '#run/plan/plan-summary.ts';
import { environment, readEnvironment } from '../environment.ts';

const env = readEnvironment(environment.bucket);
const store = { client: new S3Client(requestLimits()), bucket: env.SLUICE_BUCKET };

const payloadSchema = z.object({
  runId: z.string(),
  gate: z.object({ forced: z.boolean(), reason: z.string().nullable() }),
});

/** DoneState: closes the run and writes its manifest; says how the run ended. */
export async function handler(payload: unknown) {
  const { runId, gate } = payloadSchema.parse(payload);
  // An execution that is at DoneState has not ended: what CloseRun closed was an earlier end, before a redrive.
  await reopenRun(store, runId);
  const manifest = await closeRun(store, await readPlanSummary(store, runId), gate);
  return {
    outcome: manifest.outcome,
    counts: manifest.counts,
    bytes: manifest.bytes,
    manifest: runKeys(runId).manifest,
  };
}
