import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SFNClient } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { requestLimits } from '#run/aws-requests.ts';
import { readEnvironment } from '#run/environment.ts';
import { BUCKET_VARIABLE } from '../environment/bucket.ts';
import { DEPLOYMENT_VARIABLE } from '../environment/deployment.ts';
import { WATCH_VARIABLE } from '../environment/watch.ts';
import { logged } from '../logged.ts';
import { logger } from '../logger.ts';
import { storeOf } from '../store.ts';
import { tellOfMissedStarts } from './missed-starts.ts';
import { tellOfOldRuns } from './old-runs.ts';

const env = readEnvironment({ ...BUCKET_VARIABLE, ...DEPLOYMENT_VARIABLE, ...WATCH_VARIABLE });
const watch = {
  store: storeOf(env),
  events: new EventBridgeClient(requestLimits()),
  deployment: env.SLUICE_DEPLOYMENT,
};
const stepFunctions = new SFNClient(requestLimits());

const payloadSchema = z.object({ runs: z.string() });

/** Watch: sends an event for each run that is too old, and for each start that is missing. */
export const handler = logged(async (payload: unknown) => {
  const { runs } = payloadSchema.parse(payload);
  const { schedules, runHours } = env.SLUICE_WATCH;
  const now = new Date();
  const [old, missed] = await Promise.all([
    tellOfOldRuns(watch, stepFunctions, { runs, runHours, now }),
    tellOfMissedStarts(watch, schedules, now),
  ]);
  if (old.length + missed.length > 0) logger.warn('told', { old, missed });
  return { old, missed };
});
