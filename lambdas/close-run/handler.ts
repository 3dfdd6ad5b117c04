import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { requestLimits } from '#run/aws-requests.ts';
import { readEnvironment } from '#run/environment.ts';
import { endedExecutionSchema } from '#run/ledger/records.ts';
import { caughtErrorSchema } from '../caught-error.ts';
import { environment } from '../environment.ts';
import { executionSchema } from '../execution.ts';
import { logger } from '../logger.ts';
import { redriveCountOf } from '../redrive-count.ts';
import { closeBroken, closeInOrder } from './close-run.ts';

const env = readEnvironment(environment.bucket);
const store = { client: new S3Client(requestLimits()), bucket: env.SLUICE_BUCKET };
const stepFunctions = new SFNClient(requestLimits());

/** From a run whose gate has opened. */
const inOrder = z.object({
  runId: z.string(),
  gate: z.object({ forced: z.boolean(), reason: z.string().nullable() }),
});
/** From a run in which a state broke, as the state machine's Catch gives the error. */
const caught = z.object({
  runId: z.string(),
  executionArn: z.string(),
  error: caughtErrorSchema,
});
/** What EventBridge, or the sweep, says of an execution that has ended. */
const ended = executionSchema.extend({
  status: endedExecutionSchema.shape.status,
  error: z.string().nullish(),
  cause: z.string().nullish(),
});
const payloadSchema = z.union([inOrder, caught, ended]);

/** CloseState, CloseBroken and CloseRun: the run is closed → the pieces in which its end is written. */
export async function handler(payload: unknown) {
  const answer = await close(payloadSchema.parse(payload));
  logger.info('close-run', { ...answer });
  return answer;
}

async function close(payload: z.infer<typeof payloadSchema>) {
  if ('gate' in payload) return closeInOrder(store, payload.runId, payload.gate);
  if ('status' in payload) return closeBroken(store, payload);
  const { runId: name, executionArn, error } = payload;
  const redriveCount = await redriveCountOf(stepFunctions, executionArn);
  return closeBroken(store, {
    name,
    executionArn,
    status: 'FAILED',
    error: error.Error,
    cause: error.Cause,
    redriveCount,
  });
}
