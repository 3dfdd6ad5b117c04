import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { requestLimits } from '#run/aws-requests.ts';
import { readEnvironment } from '#run/environment.ts';
import { runKeys } from '#run/keys.ts';
import { guardOf } from '#run/limits/source-rules.ts';
import type { Claim } from '#run/plan/claim.ts';
import { GATE_VARIABLE } from '#run/settings/variables/gate.ts';
import { INGEST_VARIABLE } from '#run/settings/variables/ingest.ts';
import { LIMITS_VARIABLE } from '#run/settings/variables/limits.ts';
import { REDSHIFT_VARIABLE } from '#run/settings/variables/redshift.ts';
import { SOURCES_VARIABLE } from '#run/settings/variables/sources.ts';
import { WORKERS_VARIABLE } from '#run/settings/variables/workers.ts';
import { deployedProcessors } from '#run/settings/workers.ts';
import { BUCKET_VARIABLE } from '../environment/bucket.ts';
import { DEFAULT_INPUT_VARIABLE } from '../environment/default-input.ts';
import { logged } from '../logged.ts';
import { logger } from '../logger.ts';
import { storeOf } from '../store.ts';
import { readInput } from './input.ts';
import { planRun } from './plan.ts';

const env = readEnvironment({
  ...BUCKET_VARIABLE,
  ...GATE_VARIABLE,
  ...INGEST_VARIABLE,
  ...WORKERS_VARIABLE,
  ...SOURCES_VARIABLE,
  ...LIMITS_VARIABLE,
  ...DEFAULT_INPUT_VARIABLE,
  ...REDSHIFT_VARIABLE,
});
const processors = deployedProcessors(env.SLUICE_WORKERS);
const store = storeOf(env);
const stepFunctions = new SFNClient(requestLimits());
const sourceGuard = guardOf(env.SLUICE_SOURCES);

const payloadSchema = z.object({
  input: z.unknown(),
  runId: z.string(),
  executionArn: z.string(),
  startedAt: z.iso.datetime(),
});

/** Plan: makes the state of the run from the execution's input, for all later states. */
export const handler = logged(async (payload: unknown) => {
  const { input: typed, ...execution } = payloadSchema.parse(payload);
  const input = readInput(typed, {
    runId: execution.runId,
    defaultInput: env.SLUICE_DEFAULT_INPUT,
    gate: env.SLUICE_GATE,
    processors,
  });
  const summary = await planRun(store, {
    input,
    claim: { v: 1, ...execution },
    processors,
    sourcesPerBatch: env.SLUICE_INGEST.sourcesPerBatch,
    limits: env.SLUICE_LIMITS,
    hasWarehouse: env.SLUICE_REDSHIFT !== undefined,
    hasEnded,
    sourceGuard,
  });
  const { runId, executionArn, batches, items, work, onLate, deadline, force } = summary;
  logger.info('planned', { runId, items, batches });
  return {
    runId,
    executionArn,
    bucket: store.bucket,
    plan: runKeys(runId).plan,
    batches,
    items,
    work,
    onLate,
    deadline,
    force,
  };
});

async function hasEnded(holder: Claim): Promise<boolean> {
  const { status } = await stepFunctions.send(new DescribeExecutionCommand({ executionArn: holder.executionArn }));
  return status === 'FAILED' || status === 'TIMED_OUT' || status === 'ABORTED';
}
