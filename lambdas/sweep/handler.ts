import { SFNClient } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { requestLimits } from '#run/aws-requests.ts';
import { readEnvironment } from '#run/environment.ts';
import { BUCKET_VARIABLE } from '../environment/bucket.ts';
import { logged } from '../logged.ts';
import { logger } from '../logger.ts';
import { storeOf } from '../store.ts';
import { sweep } from './sweep.ts';

const env = readEnvironment(BUCKET_VARIABLE);
const store = storeOf(env);
const stepFunctions = new SFNClient(requestLimits());

const payloadSchema = z.object({ runs: z.string(), closeRun: z.string() });

/** SweepState: closes runs that ended and were never closed. */
export const handler = logged(async (payload: unknown) => {
  const swept = await sweep(store, stepFunctions, payloadSchema.parse(payload));
  if (swept.length > 0) logger.info('sweep', { swept });
  return { swept };
});
