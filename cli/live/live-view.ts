import pMap from 'p-map';
import { byNeed } from '#page/items/by-need.ts';
import { pageItem } from '#page/items/page-item.ts';
import { ITEMS_ON_PAGE } from '#page/items/page-items.ts';
import type { RunView } from '#page/view.ts';
import { readClosing } from '#run/end/closing.ts';
import { readItem } from '#run/end/item-line.ts';
import { loadOutcomes } from '#run/end/load-outcomes.ts';
import type { ItemLine } from '#run/end/manifest.ts';
import { Tally } from '#run/end/tally.ts';
import { type Item, itemName } from '#run/item.ts';
import type { LedgerName } from '#run/keys.ts';
import { type GateRecord, readGateRecord } from '#run/ledger/gate-record.ts';
import { recordedIds } from '#run/ledger/ledger.ts';
import { plannedItems } from '#run/ledger/progress.ts';
import { notesOf } from '#run/ledger/run-notes.ts';
import { type PlanSummary, readPlanSummary } from '#run/plan/plan-summary.ts';
import type { Store } from '#run/store.ts';

const READS_AT_ONCE = 16;
const LEDGERS: readonly LedgerName[] = ['landed', 'results', 'failures'];

/**
 * Reads a run under way repeatedly, for its page. A look lists the run's records and reads the new ones; an item that
 * is done or failed is read once.
 */
export class LiveView {
  readonly #store: Store;
  readonly #runId: string;
  #planned: Promise<{ readonly plan: PlanSummary; readonly items: readonly Item[] }> | undefined;
  readonly #lines = new Map<string, ItemLine>();

  constructor(store: Store, runId: string) {
    this.#store = store;
    this.#runId = runId;
  }

  /** @throws NoSuchRunError if Plan has not written the run's plan yet, and the errors of S3. */
  async look(): Promise<RunView> {
    const { plan, items } = await this.#plan();
    await this.#readNew(items);
    const gate = await readGateRecord(this.#store, this.#runId);
    const closing = plan.loads.length === 0 ? undefined : await readClosing(this.#store, this.#runId);
    const loads = closing === undefined ? [] : await loadOutcomes(this.#store, plan, closing);
    const tally = new Tally();
    for (const line of this.#lines.values()) if (line.status !== 'missing') tally.add(line);
    const startMs = Date.parse(plan.startedAt);
    const shown = items.map((item) => {
      const line = this.#lines.get(item.id);
      if (line === undefined) return pageItem(notBegun(item), startMs, 'not started');
      return pageItem(line, startMs, line.status === 'missing' ? 'under way' : undefined);
    });
    return {
      ...{ plan, bucket: this.#store.bucket, outcome: 'running', endMs: Date.now(), problem: null, gate },
      counts: countsOf(plan, items.length, tally, gate),
      bytes: tally.bytes,
      loads,
      notes: await notesOf(this.#store, this.#runId, gate),
      failed: tally.failed,
      missing: [],
      totals: tally.totals,
      items: byNeed(shown),
      cost: undefined,
      earlier: undefined,
      readAt: 'command',
    };
  }

  #plan() {
    this.#planned ??= this.#readPlan().catch((error: unknown) => {
      this.#planned = undefined;
      throw error;
    });
    return this.#planned;
  }

  async #readPlan() {
    const plan = await readPlanSummary(this.#store, this.#runId);
    const items: Item[] = [];
    for await (const item of plannedItems(this.#store, plan)) {
      items.push(item);
      if (items.length === ITEMS_ON_PAGE) break;
    }
    return { plan, items };
  }

  /**
   * Reads the items that have a record and aren't settled: an item that landed a moment ago may have a result by now.
   */
  async #readNew(items: readonly Item[]): Promise<void> {
    const recorded = new Set<string>();
    for (const ledger of LEDGERS)
      for await (const id of recordedIds(this.#store, this.#runId, ledger)) recorded.add(id);
    const open = items.filter(({ id }) => recorded.has(id) && (this.#lines.get(id)?.status ?? 'missing') === 'missing');
    await pMap(
      open,
      async (item) => {
        this.#lines.set(item.id, await readItem(this.#store, this.#runId, item));
      },
      { concurrency: READS_AT_ONCE },
    );
  }
}

function notBegun(item: Item): ItemLine {
  return { item: item.id, name: itemName(item), kind: item.kind, status: 'missing' };
}

/** If a run has more items than the page reads, the counts come from the gatekeeper's last look. */
function countsOf({ items }: PlanSummary, read: number, { counts }: Tally, { samples }: GateRecord): RunView['counts'] {
  const last = samples.at(-1);
  const { done, failed } = items > read && last !== undefined ? last : counts;
  return { done, failed, missing: items - done - failed };
}
