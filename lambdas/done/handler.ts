import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import * as z from 'zod';
import { costOfRun } from '#page/cost/run-cost.ts';
import { pageWriter } from '#page/write-pages.ts';
import { requestLimits } from '#run/aws-requests.ts';
import { finishRun } from '#run/end/finish.ts';
import { readEnvironment } from '#run/environment.ts';
import { runEnded, tellOfEnd } from '#run/events/run-ended.ts';
import { runKeys } from '#run/keys.ts';
import { readGateRecord } from '#run/ledger/gate-record.ts';
import type { MetricsOf } from '#run/metrics/send-metrics.ts';
import { readPlanSummary } from '#run/plan/plan-summary.ts';
import { METRICS_VARIABLE } from '#run/settings/variables/metrics.ts';
import { BUCKET_VARIABLE } from '../environment/bucket.ts';
import { DEPLOYMENT_VARIABLE } from '../environment/deployment.ts';
import { PAGES_VARIABLES } from '../environment/pages.ts';
import { SPEND_VARIABLE } from '../environment/spend.ts';
import { logged } from '../logged.ts';
import { logger } from '../logger.ts';
import { storeOf } from '../store.ts';
import { tellOfRun } from './tell-of-run.ts';

const env = readEnvironment({
  ...BUCKET_VARIABLE,
  ...DEPLOYMENT_VARIABLE,
  ...METRICS_VARIABLE,
  ...PAGES_VARIABLES,
  ...SPEND_VARIABLE,
});
const deployment = env.SLUICE_DEPLOYMENT;
const priced = env.SLUICE_PRICED;
const metrics: MetricsOf = {
  deployment,
  level: env.SLUICE_METRICS.level,
  always: env.SLUICE_SPEND_ALERT ? ['RunDollars'] : [],
};
const store = storeOf(env);
const events = new EventBridgeClient(requestLimits());

const payloadSchema = z.object({ runId: z.string(), of: z.int().positive() });

/**
 * DoneState: writes the manifest from the pieces of a closed run's end, sends the event about the end, and returns how
 * the run ended.
 */
export const handler = logged(async (payload: unknown) => {
  const { runId, of } = payloadSchema.parse(payload);
  const plan = await readPlanSummary(store, runId);
  const manifest = await finishRun(store, plan, {
    of,
    dollarsOf: ({ closedAt, ...run }) => costOfRun({ ...run, untilMs: Date.parse(closedAt) }, priced).dollars,
    writePages: pageWriter(store, {
      deployment: priced,
      keepDays: env.SLUICE_KEEP_DAYS,
      warn: (message) => logger.warn(message),
    }),
  });
  if (manifest === undefined) return { outcome: 'reopened', broken: true };
  const ended = runEnded({ deployment, bucket: store.bucket }, plan, manifest);
  if (await tellOfEnd(store, events, ended)) {
    tellOfRun(logger, metrics, ended, { manifest, gate: await readGateRecord(store, runId) });
  }
  return {
    outcome: manifest.outcome,
    counts: manifest.counts,
    bytes: manifest.bytes,
    manifest: runKeys(runId).manifest,
    /** The execution broke, and has to end with the error that broke it. */
    broken: manifest.execution !== undefined,
  };
});
