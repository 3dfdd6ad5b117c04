import { readItemLines } from '#run/end/item-line.ts';
import { manifestSchema } from '#run/end/manifest.ts';
import type { Item, SourceItem } from '#run/item.ts';
import { runKeys } from '#run/keys.ts';
import { plannedItems, readProgress } from '#run/ledger/progress.ts';
import { planSummarySchema } from '#run/plan/plan-summary.ts';
import { readJson, type Store, writeOnce } from '#run/store.ts';

/** An earlier run can't be run again: it does not exist, or it has not ended. */
export class RerunError extends Error {
  override readonly name = 'RerunError';
}

/**
 * Lists what a run left undone: its failed and missing items, as they were planned. Results that came late count as
 * done. A source that has landed names the run that landed it, so that it is only processed.
 *
 * @param only ids; all other items are skipped. @default all that is left
 * @param isProcessed whether the later run names a processor. Then items that landed without a processor are left too.
 * @throws RerunError if the run does not exist any more, or is still under way.
 */
export async function* itemsLeftBy(
  store: Store,
  runId: string,
  { only, isProcessed }: { only?: readonly string[] | undefined; isProcessed: boolean },
): AsyncGenerator<Item> {
  const keys = runKeys(runId);
  const plan = await readJson(store, keys.summary, planSummarySchema);
  if (plan === undefined) throw new RerunError(`there is no run ${runId}, or its records have expired`);
  if ((await readJson(store, keys.manifest, manifestSchema)) === undefined) {
    throw new RerunError(`run ${runId} is still under way: stop it, or wait for its manifest`);
  }
  const { done, landed } = await readProgress(store, plan);
  const loaded = plan.loads.length === 0 ? undefined : await doneInTime(store, runId);
  const wanted = only === undefined ? undefined : new Set(only);
  for await (const item of plannedItems(store, plan)) {
    const isLoaded = loaded === undefined || item.kind === 'work' || item.load === undefined || loaded.has(item.id);
    const isDone = done.has(item.id) && isLoaded && !(isProcessed && item.process === null);
    if (isDone || (wanted !== undefined && !wanted.has(item.id))) continue;
    yield item.kind === 'work' ? item : { ...rest(item), ...(landed.has(item.id) && { landedIn: runId }) };
  }
}

/** The items that were done at the run's own end: these were loaded, and items that came later were not. */
async function doneInTime(store: Store, runId: string): Promise<Set<string>> {
  const done = new Set<string>();
  for await (const { item, status } of readItemLines(store, runKeys(runId).items)) {
    if (status === 'done') done.add(item);
  }
  return done;
}

/**
 * An item of a run that repeats the rest of another run: it is appended to the table that the earlier run has replaced.
 */
function rest(item: SourceItem): SourceItem {
  return item.load?.mode === 'replace' ? { ...item, load: { ...item.load, mode: 'append' } } : item;
}

/** Links the two runs: the earlier run records the later one, and the later one's plan names the earlier one. */
export async function linkRerun(store: Store, earlier: string, later: string): Promise<void> {
  await writeOnce(store, runKeys(earlier).rerun(later), { v: 1, runId: earlier, rerun: later });
}
