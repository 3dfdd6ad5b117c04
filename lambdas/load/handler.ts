import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { requestLimits } from '#run/aws-requests.ts';
import { EnvironmentError, readEnvironment } from '#run/environment.ts';
import { REQUEST_SECONDS } from '#warehouse/data-api.ts';
import { environment } from '../environment.ts';
import { logger } from '../logger.ts';
import { loadRun } from './load-run.ts';

const { SLUICE_BUCKET: bucket, SLUICE_REDSHIFT: warehouse } = readEnvironment({
  ...environment.bucket,
  ...environment.redshift,
});
if (warehouse === undefined)
  throw new EnvironmentError('the function needs the variable SLUICE_REDSHIFT, which the setting redshift makes');
const api = { client: new RedshiftDataClient(requestLimits(REQUEST_SECONDS)), warehouse };
const context = { store: { client: new S3Client(requestLimits()), bucket }, api, warehouse };

const payloadSchema = z.object({ runId: z.string(), loadForce: z.boolean() });

/** LoadGatekeeperState: returns when all tables of the run are loaded, and throws NotReadyError before. */
export async function handler(payload: unknown) {
  const { runId, loadForce } = payloadSchema.parse(payload);
  try {
    return await loadRun(context, runId, loadForce);
  } catch (error) {
    logger.info('looked', { runId, said: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}
