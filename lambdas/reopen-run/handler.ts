import * as z from 'zod';
import { readEnvironment } from '#run/environment.ts';
import { BUCKET_VARIABLE } from '../environment/bucket.ts';
import { executionSchema } from '../execution.ts';
import { logged } from '../logged.ts';
import { logger } from '../logger.ts';
import { storeOf } from '../store.ts';
import { reopenRedrivenRun } from './reopen-redriven-run.ts';

const env = readEnvironment(BUCKET_VARIABLE);
const store = storeOf(env);

/** EventBridge's event about an execution of the state machine that runs again. */
const eventSchema = z.object({ detail: executionSchema });

/** ReopenRun: opens the run of a redriven execution again, if the execution's end had closed it. */
export const handler = logged(async (event: unknown) => {
  const { detail } = eventSchema.parse(event);
  const reopened = await reopenRedrivenRun(store, detail);
  logger.info('reopen-run', { runId: detail.name, redriveCount: detail.redriveCount, ...reopened });
});
