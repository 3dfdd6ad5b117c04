import { S3Client } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { requestLimits } from '#run/aws-requests.ts';
import { runKeys } from '#run/keys.ts';
import { guardOf } from '#run/limits/source-rules.ts';
import type { Claim } from '#run/plan/claim.ts';
import { environment, readEnvironment } from '../environment.ts';
import { logger } from '../logger.ts';
import { readInput } from './input.ts';
import { planRun } from './plan.ts';

const env = readEnvironment({ ...environment.bucket, ...environment.sources, ...environment.plan });
const store = { client: new S3Client(requestLimits()), bucket: env.SLUICE_BUCKET };
const stepFunctions = new SFNClient(requestLimits());
const sourceGuard = guardOf(env.SLUICE_SOURCE_RULES);

const payloadSchema = z.object({
  input: z.unknown(),
  runId: z.string(),
  executionArn: z.string(),
  startedAt: z.iso.datetime(),
});

/** Plan: the execution's input → the state of the run that all later states work on. */
export async function handler(payload: unknown) {
  const { input: typed, ...execution } = payloadSchema.parse(payload);
  const input = readInput(typed, {
    runId: execution.runId,
    defaultInput: env.SLUICE_DEFAULT_INPUT,
    waitFor: env.SLUICE_WAIT_FOR,
    maxWaitMinutes: env.SLUICE_MAX_WAIT_MINUTES,
    gateFunctions: env.SLUICE_GATE_FUNCTIONS.split(','),
    processors: env.SLUICE_PROCESSORS,
  });
  const summary = await planRun(store, {
    input,
    claim: { v: 1, ...execution },
    processors: env.SLUICE_PROCESSORS,
    sourcesPerBatch: env.SLUICE_SOURCES_PER_BATCH,
    maxItems: env.SLUICE_MAX_ITEMS,
    maxHours: env.SLUICE_MAX_HOURS,
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
}

async function hasEnded(holder: Claim): Promise<boolean> {
  const { status } = await stepFunctions.send(new DescribeExecutionCommand({ executionArn: holder.executionArn }));
  return status === 'FAILED' || status === 'TIMED_OUT' || status === 'ABORTED';
}
