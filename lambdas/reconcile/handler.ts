import * as z from 'zod';
import { readEnvironment } from '#run/environment.ts';
import { readPlanSummary } from '#run/plan/plan-summary.ts';
import { BUCKET_VARIABLE } from '../environment/bucket.ts';
import { logged } from '../logged.ts';
import { storeOf } from '../store.ts';
import { reconcile } from './reconcile.ts';

const env = readEnvironment(BUCKET_VARIABLE);
const store = storeOf(env);

const payloadSchema = z.object({ runId: z.string() });

/** Reconcile: makes sure that every source has a record after Ingest. */
export const handler = logged(async (payload: unknown) => {
  const { runId } = payloadSchema.parse(payload);
  return { recorded: await reconcile(store, await readPlanSummary(store, runId)) };
});
