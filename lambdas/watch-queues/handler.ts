import { readEnvironment } from '#run/environment.ts';
import { REDSHIFT_VARIABLE } from '#run/settings/variables/redshift.ts';
import { BUCKET_VARIABLE } from '../environment/bucket.ts';
import { DEPLOYMENT_VARIABLE } from '../environment/deployment.ts';
import { logged } from '../logged.ts';
import { logger } from '../logger.ts';
import { storeOf } from '../store.ts';
import { warehouseOf } from '../warehouse.ts';
import { recordQueues } from './record-queues.ts';
import { sendQueueMetrics } from './send-queue-metrics.ts';

const env = readEnvironment({ ...BUCKET_VARIABLE, ...DEPLOYMENT_VARIABLE, ...REDSHIFT_VARIABLE });
const api = warehouseOf(env);
const store = storeOf(env);

/**
 * WatchQueues: reads how long queries waited in the warehouse in the last day, records the report and sends its
 * metrics.
 */
export const handler = logged(async () => {
  const { key, report } = await recordQueues(store, api, new Date());
  const sent = sendQueueMetrics(env.SLUICE_DEPLOYMENT, report);
  logger.info('queues', { key, ...sent });
  return { key, ...sent };
});
