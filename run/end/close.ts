import { PassThrough } from 'node:stream';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { pMapIterable } from 'p-map';
import { type Item, itemName } from '../item.ts';
import { runKeys } from '../keys.ts';
import { gateRecordSchema, newGateRecord } from '../ledger/gate-record.ts';
import { type Progress, plannedItems, readProgress } from '../ledger/progress.ts';
import { type EndedExecution, failureSchema, landedSchema, resultSchema } from '../ledger/records.ts';
import type { PlanSummary } from '../plan/plan-summary.ts';
import { readJson, type Store, writeOnce } from '../store.ts';
import { type ItemLine, type Manifest, manifestSchema, NAMES_IN_MANIFEST, type Outcome } from './manifest.ts';
import { renderReport } from './report.ts';

/** How a run comes to its end. */
export interface Ending {
  readonly forced: boolean;
  /** Why it was forced, or what ended the execution; null where every item is settled. */
  readonly reason: string | null;
  /** Set where the execution itself failed, whatever its items did. */
  readonly outcome?: Outcome;
  /** The end of the execution, where that is what closes the run. */
  readonly execution?: EndedExecution;
}

/** Records read at once: a million items then take minutes, well within a Lambda's 15. */
const READS_AT_ONCE = 64;

/**
 * Ends a run: closes it, so that from here on what comes is late; then counts it, and writes every item, a page for
 * people and last the manifest. The manifest is written once: called again, this returns the one that is there.
 *
 * @throws whatever S3 answers; called again it then goes on.
 */
export async function closeRun(store: Store, plan: PlanSummary, ending: Ending): Promise<Manifest> {
  const keys = runKeys(plan.runId);
  const closedAt = new Date().toISOString();
  const execution = ending.execution && { execution: ending.execution };
  await writeOnce(store, keys.closed, {
    v: 1,
    runId: plan.runId,
    at: closedAt,
    reason: ending.reason ?? 'settled',
    ...execution,
  });
  const existing = await readJson(store, keys.manifest, manifestSchema);
  if (existing !== undefined) return existing;

  // Listed after the run was closed, so that a result is either in this list or finds the run closed.
  const progress = await readProgress(store, plan);
  const gate = (await readJson(store, keys.gate, gateRecordSchema)) ?? newGateRecord(plan.runId);
  const tally = new Tally();
  const shown: ItemLine[] = [];
  await writeLines(
    store,
    keys.items,
    pMapIterable(plannedItems(store, plan), (item) => readItem(store, plan.runId, item, progress), {
      concurrency: READS_AT_ONCE,
    }),
    (line) => {
      tally.add(line);
      if (shown.length < NAMES_IN_MANIFEST) shown.push(line);
    },
  );
  const manifest: Manifest = {
    v: 1,
    runId: plan.runId,
    executionArn: plan.executionArn,
    startedAt: plan.startedAt,
    closedAt,
    rerunOf: plan.rerunOf,
    outcome: ending.outcome ?? outcomeOf(plan, tally),
    forced: ending.forced,
    reason: ending.reason,
    ...execution,
    counts: { items: plan.items, ...tally.counts },
    bytes: tally.bytes,
    notes: gate.problems,
    done: tally.done,
    failed: tally.failed,
    missing: tally.missing,
  };
  await store.client.send(
    new PutObjectCommand({
      Bucket: store.bucket,
      Key: keys.report,
      Body: renderReport(manifest, shown, gate),
      ContentType: 'text/html; charset=utf-8',
    }),
  );
  if ((await writeOnce(store, keys.manifest, manifest)) === 'written') return manifest;
  return (await readJson(store, keys.manifest, manifestSchema)) ?? manifest;
}

function outcomeOf(plan: PlanSummary, { counts }: Tally): Outcome {
  if (counts.done === 0 && counts.landed + counts.unchanged + counts.skipped === 0) return 'failed';
  if (counts.missing > 0 && plan.onLate === 'fail') return 'late';
  return counts.missing + counts.failed > 0 ? 'partial' : 'complete';
}

/** All that the ledger has on one item. */
async function readItem(store: Store, runId: string, item: Item, progress: Progress): Promise<ItemLine> {
  const keys = runKeys(runId);
  const done = progress.done.has(item.id);
  const [landed, result, failure] = await Promise.all([
    progress.landed.has(item.id) ? readJson(store, keys.record('landed', item.id), landedSchema) : undefined,
    done && item.process !== null ? readJson(store, keys.record('results', item.id), resultSchema) : undefined,
    progress.failed.has(item.id) ? readJson(store, keys.record('failures', item.id), failureSchema) : undefined,
  ]);
  return {
    item: item.id,
    name: itemName(item),
    kind: item.kind,
    status: done ? 'done' : progress.failed.has(item.id) ? 'failed' : 'missing',
    ...(landed && { landed }),
    ...(result && { result }),
    ...(failure && { failure }),
  };
}

/** What the manifest sums up, item by item. */
class Tally {
  readonly counts = { done: 0, failed: 0, missing: 0, landed: 0, unchanged: 0, skipped: 0, processed: 0 };
  bytes = 0;
  readonly done: Manifest['done'] = [];
  readonly failed: Manifest['failed'] = [];
  readonly missing: Manifest['missing'] = [];

  add({ item, name, status, landed, result, failure }: ItemLine): void {
    this.counts[status] += 1;
    if (landed !== undefined) this.counts[landed.status] += 1;
    if (landed?.status === 'landed') this.bytes += landed.bytes;
    if (result !== undefined) this.counts.processed += 1;
    if (this[status].length >= NAMES_IN_MANIFEST) return;
    if (status === 'done') this.done.push({ item, name });
    if (status === 'missing') this.missing.push({ item, name, landed: landed !== undefined });
    if (status === 'failed') {
      const { stage = 'unknown', error = { name: 'Unknown', message: 'its failure record could not be read' } } =
        failure ?? {};
      this.failed.push({ item, name, stage, error });
    }
  }
}

/** Streams lines of JSON into an object, without holding more of them than a part. */
async function writeLines<T>(
  store: Store,
  key: string,
  lines: AsyncIterable<T>,
  each: (line: T) => void,
): Promise<void> {
  const body = new PassThrough();
  const upload = new Upload({
    client: store.client,
    params: { Bucket: store.bucket, Key: key, Body: body, ContentType: 'application/jsonl' },
  });
  const write = async () => {
    for await (const line of lines) {
      each(line);
      if (!body.write(`${JSON.stringify(line)}\n`)) await new Promise((resolve) => body.once('drain', resolve));
    }
    body.end();
  };
  await Promise.all([write().catch((error) => body.destroy(error)), upload.done()]);
}
