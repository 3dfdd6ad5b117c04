import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import * as z from 'zod';
import { tellOfEnd, unplannedEnded } from '#run/events/run-ended.ts';
import { parseJson } from '#run/input/json-text.ts';
import { endedExecutionSchema } from '#run/ledger/records.ts';
import { problemOfExecution } from '#run/problem/problem-of-execution.ts';
import type { Store } from '#run/store.ts';
import { executionSchema } from '../execution.ts';

/** Milliseconds since 1970, as in events of EventBridge. */
const moment = z.number().transform((at) => new Date(at).toISOString());

/**
 * What EventBridge, or the sweep, reports about an execution that has ended. The sweep knows neither times nor input.
 */
export const endedExecutionEventSchema = executionSchema.extend({
  status: endedExecutionSchema.shape.status,
  error: z.string().nullish(),
  cause: z.string().nullish(),
  startDate: moment.optional(),
  stopDate: moment.optional(),
  /** The execution's input as text; null if it is too long for an event. */
  input: z.string().nullish(),
});

const scheduledSchema = z.object({
  schedule: z.string(),
  scheduledTime: z.iso.datetime({ offset: true }).transform((at) => new Date(at).toISOString()),
});

/**
 * Sends the event for an execution that ended in Plan. It sends nothing for a start that found its slot or its run id
 * claimed: Scheduler may deliver a start twice, and the first start has a run with its own end.
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

/** Returns the slot that the input names. The input was refused, so it may contain anything. */
function scheduleOf(input: string | null | undefined) {
  const parsed = scheduledSchema.safeParse(parseJson(input ?? ''));
  return { schedule: parsed.data?.schedule ?? null, scheduledTime: parsed.data?.scheduledTime ?? null };
}
