import { S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { requestLimits } from '#run/aws-requests.ts';
import { endedExecutionSchema } from '#run/ledger/records.ts';
import { environment, readEnvironment } from '../environment.ts';
import { executionSchema } from '../execution.ts';
import { logger } from '../logger.ts';
import { closeEndedRun } from './close-ended-run.ts';

const env = readEnvironment(environment.bucket);
const store = { client: new S3Client(requestLimits()), bucket: env.SLUICE_BUCKET };

/** What EventBridge says of an execution of the state machine that failed, timed out or was stopped. */
const eventSchema = z.object({
  detail: executionSchema.extend({
    status: endedExecutionSchema.shape.status,
    error: z.string().nullish(),
    cause: z.string().nullish(),
  }),
});

/** CloseRun: the end of a run whose execution came to none by itself. */
export async function handler(event: unknown) {
  const { detail } = eventSchema.parse(event);
  const closed = await closeEndedRun(store, detail);
  logger.info('close-run', { runId: detail.name, status: detail.status, closed });
}
