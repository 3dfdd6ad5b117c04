import * as z from 'zod';
import { readEnvironment } from '#run/environment.ts';
import { REDSHIFT_VARIABLE } from '#run/settings/variables/redshift.ts';
import { BUCKET_VARIABLE } from '../environment/bucket.ts';
import { logger } from '../logger.ts';
import { storeOf } from '../store.ts';
import { warehouseOf } from '../warehouse.ts';
import { cancelLoads, loadRun } from './load-run.ts';

const env = readEnvironment({ ...BUCKET_VARIABLE, ...REDSHIFT_VARIABLE });
const api = warehouseOf(env);
const context = { store: storeOf(env), api, warehouse: api.warehouse };

/** From LoadGatekeeperState, and from CancelLoadsState. */
const payloadSchema = z.union([
  z.object({ runId: z.string(), loadForce: z.boolean() }),
  z.object({ runId: z.string(), hasEnded: z.literal(true) }),
]);

/**
 * LoadGatekeeperState: returns when all tables of the run are loaded, and throws NotReadyError before.
 * CancelLoadsState: cancels the loads of an execution that broke or was stopped. The Data API shows a statement only to
 * the session that submitted it, so this same function has to cancel it.
 */
export async function handler(payload: unknown) {
  const parsed = payloadSchema.parse(payload);
  const { runId } = parsed;
  try {
    if ('loadForce' in parsed) return await loadRun(context, runId, parsed.loadForce);
    const cancelled = await cancelLoads(context, runId);
    logger.info('cancelled', { runId, cancelled });
    return { cancelled };
  } catch (error) {
    logger.info('looked', { runId, said: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}
