import { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { requestLimits } from '#run/aws-requests.ts';
import { readEnvironment } from '#run/environment.ts';
import { guardOf } from '#run/limits/source-rules.ts';
import { SOURCES_VARIABLE } from '#run/settings/variables/sources.ts';
import { BUCKET_VARIABLE } from '../environment/bucket.ts';
import { FLEET_VARIABLES } from '../environment/fleet.ts';
import { QUEUE_VARIABLE } from '../environment/queue.ts';
import { fleetOf } from '../fleet.ts';
import { logged } from '../logged.ts';
import { logger } from '../logger.ts';
import { storeOf } from '../store.ts';
import { functionCaller } from './checks/call-function.ts';
import { type Gate, lookAtGate } from './gate.ts';

const env = readEnvironment({
  ...BUCKET_VARIABLE,
  ...QUEUE_VARIABLE,
  ...FLEET_VARIABLES,
  ...SOURCES_VARIABLE,
  SLUICE_CHECKS: z.string(),
});
/** A check may call a function of the user, which may take long. */
const FUNCTION_SECONDS = 240;
const sqs = new SQSClient(requestLimits());
const gate: Gate = {
  store: storeOf(env),
  queue: { client: sqs, url: env.SLUICE_QUEUE_URL },
  deadLetters: { client: sqs, url: env.SLUICE_DEAD_LETTER_QUEUE_URL },
  fleet: fleetOf(env),
  call: functionCaller(requestLimits(FUNCTION_SECONDS), env.SLUICE_CHECKS),
  guard: guardOf(env.SLUICE_SOURCES),
  now: () => new Date(),
};

const payloadSchema = z.object({ runId: z.string(), force: z.boolean(), late: z.unknown().optional() });

/** GatekeeperState: returns when the run may continue, and throws NotReadyError while the run has to wait. */
export const handler = logged(async (payload: unknown) => {
  const { runId, force, late } = payloadSchema.parse(payload);
  // This comes first and reads nothing: a forced gate must open even if everything else is broken.
  if (force) return { forced: true, reason: late === undefined ? 'input' : 'late' };
  try {
    return await lookAtGate(gate, runId);
  } catch (error) {
    logger.info('looked', { runId, said: error instanceof Error ? error.message : String(error) });
    throw error;
  }
});
