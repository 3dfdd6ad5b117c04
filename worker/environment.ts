import * as z from 'zod';
import { readEnvironment } from '#run/environment.ts';
import { guardOf } from '#run/limits/source-rules.ts';
import { LIMITS_VARIABLE } from '#run/settings/variables/limits.ts';
import { METRICS_VARIABLE } from '#run/settings/variables/metrics.ts';
import { SOURCES_VARIABLE } from '#run/settings/variables/sources.ts';
import { WORKERS_VARIABLE } from '#run/settings/variables/workers.ts';

const GIB = 1_073_741_824;

const VARIABLES = {
  SLUICE_BUCKET: z.string().min(1),
  SLUICE_QUEUE_URL: z.url(),
  /** The container's stopTimeout: the seconds from SIGTERM to SIGKILL. */
  SLUICE_STOP_SECONDS: z.coerce.number().positive(),
  ...WORKERS_VARIABLE,
  ...SOURCES_VARIABLE,
  ...LIMITS_VARIABLE,
  ...METRICS_VARIABLE,
  /** The name of the stack, for metrics. */
  SLUICE_DEPLOYMENT: z.string().min(1),
};

/** The settings of a worker: the deployment's settings for workers, and the other variables of its task definition. */
export type WorkerSettings = ReturnType<typeof readWorkerSettings>;

/**
 * Reads the worker's environment, as its task definition sets it.
 *
 * @throws EnvironmentError, which names every invalid variable with the values that it accepts and the value that it
 * has.
 */
export function readWorkerSettings(variables: NodeJS.ProcessEnv) {
  const env = readEnvironment(VARIABLES, variables);
  return {
    ...env.SLUICE_WORKERS,
    bucket: env.SLUICE_BUCKET,
    queueUrl: env.SLUICE_QUEUE_URL,
    stopSeconds: env.SLUICE_STOP_SECONDS,
    metrics: { level: env.SLUICE_METRICS.level, deployment: env.SLUICE_DEPLOYMENT },
    sourceGuard: guardOf(env.SLUICE_SOURCES),
    sourceBytes: env.SLUICE_LIMITS.sourceGiB * GIB,
    runBytes: env.SLUICE_LIMITS.runGiB * GIB,
    credentialGrants: env.SLUICE_SOURCES.credentials,
  };
}
