import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { S3Client } from '@aws-sdk/client-s3';
import { requestLimits } from '#run/aws-requests.ts';
import { EnvironmentError, readEnvironment } from '#run/environment.ts';
import { REDSHIFT_VARIABLE } from '#run/settings/variables/redshift.ts';
import { REQUEST_SECONDS } from '#warehouse/data-api.ts';
import { BUCKET_VARIABLE } from '../environment/bucket.ts';
import { DEPLOYMENT_VARIABLE } from '../environment/deployment.ts';
import { logged } from '../logged.ts';
import { logger } from '../logger.ts';
import { recordQueues } from './record-queues.ts';
import { sendQueueMetrics } from './send-queue-metrics.ts';

const env = readEnvironment({ ...BUCKET_VARIABLE, ...DEPLOYMENT_VARIABLE, ...REDSHIFT_VARIABLE });
const { SLUICE_REDSHIFT: warehouse } = env;
if (warehouse === undefined) throw new EnvironmentError('SLUICE_REDSHIFT is needed: the setting redshift');
const api = { client: new RedshiftDataClient(requestLimits(REQUEST_SECONDS)), warehouse };
const store = { client: new S3Client(requestLimits()), bucket: env.SLUICE_BUCKET };

/** WatchQueues: reads how long queries waited in the warehouse in the last day, records the report and sends its metrics. */
export const handler = logged(async () => {
  const { key, report } = await recordQueues(store, api, new Date());
  const sent = sendQueueMetrics(env.SLUICE_DEPLOYMENT, report);
  logger.info('queues', { key, ...sent });
  return { key, ...sent };
});
