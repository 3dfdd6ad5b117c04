import { shortText } from '#net/short-text.ts';
import { record } from '#run/ledger/ledger.ts';
import type { Store } from '#run/store.ts';
import type { TaskRef } from './attempts.ts';

/** Records that an item is not tried again in its run, with the error's own name and as much of its message as a record takes. */
export async function recordFailure(
  store: Store,
  ref: TaskRef & { readonly name: string },
  error: unknown,
  attempts: number,
): Promise<void> {
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  await record(store, 'failures', {
    v: 1,
    runId: ref.runId,
    item: ref.item,
    name: ref.name,
    at: new Date().toISOString(),
    stage: ref.stage,
    error: { name, message: shortText(message) },
    attempts,
  });
}
