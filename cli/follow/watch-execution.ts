import { setTimeout as delay } from 'node:timers/promises';
import { type HistoryEvent, paginateGetExecutionHistory, type SFNClient } from '@aws-sdk/client-sfn';
import { type RunEvent, toRunEvent } from './run-events.ts';

/**
 * Follows an execution to its end by its history, oldest event first.
 *
 * Each look reads backwards from the newest event to the last known one, so a look costs one request however long the
 * history is. An end that a redrive has undone is skipped.
 *
 * @param options.pollSeconds the pause between two looks. @default 2
 * @param options.signal ends the watching by throwing its reason; the execution continues.
 * @throws the errors of Step Functions, such as ExecutionDoesNotExist.
 */
export async function* watchExecution(
  client: SFNClient,
  executionArn: string,
  options: { pollSeconds?: number; signal?: AbortSignal } = {},
): AsyncGenerator<RunEvent> {
  const { pollSeconds = 2, signal } = options;
  let lastSeen = 0;
  while (true) {
    signal?.throwIfAborted();
    const fresh = await eventsAfter(client, executionArn, lastSeen);
    lastSeen = fresh[0]?.id ?? lastSeen;
    for (const [index, event] of fresh.reverse().entries()) {
      const said = toRunEvent(event);
      if (said === undefined) continue;
      // In the history of a redriven execution, events follow after an earlier end.
      if (said.kind === 'ended' && index < fresh.length - 1) continue;
      yield said;
      if (said.kind === 'ended') return;
    }
    await delay(pollSeconds * 1_000, undefined, { signal });
  }
}

/** Returns the events after one event, newest first. */
async function eventsAfter(client: SFNClient, executionArn: string, id: number): Promise<HistoryEvent[]> {
  const fresh: HistoryEvent[] = [];
  const pages = paginateGetExecutionHistory(
    { client, pageSize: 100 },
    { executionArn, reverseOrder: true, includeExecutionData: true },
  );
  for await (const { events = [] } of pages) {
    for (const event of events) {
      if ((event.id ?? 0) <= id) return fresh;
      fresh.push(event);
    }
  }
  return fresh;
}
