import * as z from 'zod';
import { readEnvironment } from '#run/environment.ts';
import { ensureWorkers } from '#run/fleet/workers.ts';
import { countShards, totalOf } from '#run/ledger/progress.ts';
import { readPlanSummary } from '#run/plan/plan-summary.ts';
import { BUCKET_VARIABLE } from '../environment/bucket.ts';
import { FLEET_VARIABLES } from '../environment/fleet.ts';
import { fleetOf } from '../fleet.ts';
import { logged } from '../logged.ts';
import { logger } from '../logger.ts';
import { storeOf } from '../store.ts';

const env = readEnvironment({ ...BUCKET_VARIABLE, ...FLEET_VARIABLES });
const store = storeOf(env);
const fleet = fleetOf(env);

const payloadSchema = z.object({ runId: z.string() });

/** StartWorkers and EnsureWorkers: start as many workers as the remaining items need, within the limit. */
export const handler = logged(async (payload: unknown) => {
  const { runId } = payloadSchema.parse(payload);
  const plan = await readPlanSummary(store, runId);
  const { done, failed } = totalOf(await countShards(store, plan));
  const minute = Math.floor(Date.now() / 60_000);
  // The state machine calls this only after something was dispatched, so there is work for at least one worker.
  const outstanding = Math.max(1, Math.min(plan.items - done - failed, plan.processed));
  const state = await ensureWorkers(fleet, outstanding, `${runId} start ${minute}`, new Date(plan.startedAt));
  logger.info('workers', { runId, ...state });
  return state;
});
