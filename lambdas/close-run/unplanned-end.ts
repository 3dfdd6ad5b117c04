import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import * as z from 'zod';
import { tellOfEnd, unplannedEnded } from '#run/events/run-ended.ts';
import { parseJson } from '#run/input/json-text.ts';
import { endedExecutionSchema } from '#run/ledger/records.ts';
import type { Store } from '#run/store.ts';
import { executionSchema } from '../execution.ts';
import { problemOfExecution } from './problem-of-execution.ts';

/** Milliseconds since 1970, as EventBridge has them. */
const moment = z.number().transform((at) => new Date(at).toISOString());

/** What EventBridge, or the sweep, says of an execution that has ended. The sweep knows neither times nor input. */
export const endedExecutionEventSchema = executionSchema.extend({
  status: endedExecutionSchema.shape.status,
  error: z.string().nullish(),
  cause: z.string().nullish(),
  startDate: moment.optional(),
  stopDate: moment.optional(),
  /** The execution's own, as text; null where it is too long for an event. */
  input: z.string().nullish(),
});

const scheduledSchema = z.object({
  schedule: z.string(),
  scheduledTime: z.iso.datetime({ offset: true }).transform((at) => new Date(at).toISOString()),
});

/**
 * Sends the event of an execution that ended in Plan. A start that found its slot or its run id taken is none: Scheduler may
 * deliver a start twice, and the first has a run with an end of its own.
 */
export async function tellOfUnplannedEnd(
  store: Store,
  client: EventBridgeClient,
  deployment: string,
  ended: z.output<typeof endedExecutionEventSchema>,
): Promise<void> {
  const { name: runId, executionArn, redriveCount, status, error, cause, input } = ended;
  if (error === 'AlreadyClaimedError') return;
  const now = new Date().toISOString();
  const event = unplannedEnded(
    { deployment, bucket: store.bucket },
    {
      runId,
      executionArn,
      redriveCount,
      ...scheduleOf(input),
      startedAt: ended.startDate ?? now,
      endedAt: ended.stopDate ?? now,
      problem: problemOfExecution(runId, { status, error, cause }),
      reason: `the execution ended ${[status, error, cause].filter((text) => text).join(': ')}`,
    },
  );
  await tellOfEnd(store, client, event);
}

/** The slot that the input names. The input was refused, so that anything may be in it. */
function scheduleOf(input: string | null | undefined) {
  const parsed = scheduledSchema.safeParse(parseJson(input ?? ''));
  return { schedule: parsed.data?.schedule ?? null, scheduledTime: parsed.data?.scheduledTime ?? null };
}
