import { SFNClient } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { requestLimits } from '#run/aws-requests.ts';
import { readClosing } from '#run/end/closing.ts';
import { readEnvironment } from '#run/environment.ts';
import { caughtErrorSchema } from '../caught-error.ts';
import { BUCKET_VARIABLE } from '../environment/bucket.ts';
import { logged } from '../logged.ts';
import { redriveCountOf } from '../redrive-count.ts';
import { storeOf } from '../store.ts';
import { endBroken } from './broken.ts';

const env = readEnvironment(BUCKET_VARIABLE);
const store = storeOf(env);
const stepFunctions = new SFNClient(requestLimits());

const payloadSchema = z.object({
  runId: z.string(),
  executionArn: z.string(),
  error: caughtErrorSchema,
});

/** BrokenState: throws the error that broke the execution. If the execution was redriven, it opens the run again. */
export const handler = logged(async (payload: unknown) => {
  const { runId, executionArn, error } = payloadSchema.parse(payload);
  const [closing, redriveCount] = await Promise.all([
    readClosing(store, runId),
    redriveCountOf(stepFunctions, executionArn),
  ]);
  await endBroken(store, runId, error, { closedAtRedrive: closing?.execution?.redriveCount, redriveCount });
  return {};
});
