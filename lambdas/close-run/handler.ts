import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SFNClient } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { requestLimits } from '#run/aws-requests.ts';
import { readEnvironment } from '#run/environment.ts';
import { caughtErrorSchema } from '../caught-error.ts';
import { BUCKET_VARIABLE } from '../environment/bucket.ts';
import { DEPLOYMENT_VARIABLE } from '../environment/deployment.ts';
import { logged } from '../logged.ts';
import { logger } from '../logger.ts';
import { redriveCountOf } from '../redrive-count.ts';
import { storeOf } from '../store.ts';
import { closeBroken, closeInOrder } from './close-run.ts';
import { endedExecutionEventSchema, tellOfUnplannedEnd } from './unplanned-end.ts';

const env = readEnvironment({ ...BUCKET_VARIABLE, ...DEPLOYMENT_VARIABLE });
const store = storeOf(env);
const stepFunctions = new SFNClient(requestLimits());
const events = new EventBridgeClient(requestLimits());

/** The payload for a run whose gate has opened. */
const inOrder = z.object({
  runId: z.string(),
  gate: z.object({ forced: z.boolean(), reason: z.string().nullable() }),
});
/** The payload for a run in which a state broke, with the error from the state machine's Catch. */
const caught = z.object({
  runId: z.string(),
  executionArn: z.string(),
  error: caughtErrorSchema,
});
const payloadSchema = z.union([inOrder, caught, endedExecutionEventSchema]);

/** CloseState, CloseBroken and CloseRun: close the run, and return the pieces in which its end is written. */
export const handler = logged(async (payload: unknown) => {
  const answer = await close(payloadSchema.parse(payload));
  logger.info('close-run', { ...answer });
  return answer;
});

async function close(payload: z.infer<typeof payloadSchema>) {
  if ('gate' in payload) return closeInOrder(store, payload.runId, payload.gate);
  if ('status' in payload) {
    const closed = await closeBroken(store, payload);
    if (!closed.closed && closed.isUnplanned) {
      await tellOfUnplannedEnd(store, events, env.SLUICE_DEPLOYMENT, payload);
    }
    return closed;
  }
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
