/**
 * Generates a run as it is in the bucket after its work is done: a plan of N items in batches of fifty, and the records
 * of each item. One item of a thousand has failed, and one of ten thousand has no record, so that Reconcile has
 * something to find.
 */

import { itemId } from '#run/ids.ts';
import type { Process, SourceItem } from '#run/item.ts';
import { runKeys } from '#run/keys.ts';
import type { FailureRecord, LandedRecord, ResultRecord } from '#run/ledger/records.ts';
import { countByShard } from '#run/ledger/shards.ts';
import type { PlanSummary } from '#run/plan/plan-summary.ts';
import { problemOf } from '#run/problem/problem.ts';

export const RUN_ID = 'generated-run';
const BATCH_ITEMS = 50;
const PROFILE: Process = { processor: 'profile', options: {} };
const AT = '2026-11-24T01:00:00.000Z';

/** How a generated item ended. */
const isLost = (n: number) => n % 10_000 === 9;
const hasFailed = (n: number) => n % 1_000 === 7;

export interface GeneratedRun {
  readonly items: number;
  readonly bucket: string;
  /** Whether every second item has no processor: then the gate needs both ledgers, and the plan. */
  readonly mixed: boolean;
}

/** The counts that the end of the run must have. */
export function expectedCounts({ items }: GeneratedRun) {
  const numbers = Array.from({ length: items }, (_, n) => n);
  const failed = numbers.filter(hasFailed).length;
  const lost = numbers.filter(isLost).length;
  return { done: items - failed - lost, failed, lost };
}

/** Every object of the run: a batch of the plan, and the records of its items. */
export function* objectsOf(run: GeneratedRun): Generator<{ key: string; body: string }> {
  const keys = runKeys(RUN_ID);
  for (let first = 0; first < run.items; first += BATCH_ITEMS) {
    const numbers = Array.from({ length: Math.min(BATCH_ITEMS, run.items - first) }, (_, n) => first + n);
    const batch = numbers.map((n) => itemNumber(run, n));
    yield { key: keys.batch(first / BATCH_ITEMS), body: JSON.stringify(batch) };
    for (const [index, item] of batch.entries()) {
      const n = first + index;
      if (isLost(n)) continue;
      if (hasFailed(n)) {
        yield { key: keys.record('failures', item.id), body: JSON.stringify(failureOf(item)) };
        continue;
      }
      yield { key: keys.record('landed', item.id), body: JSON.stringify(landedOf(run, item)) };
      yield { key: keys.record('results', item.id), body: JSON.stringify(resultOf(item)) };
    }
  }
}

function itemNumber({ mixed }: GeneratedRun, n: number): SourceItem {
  const key = `raw/station-${n}.csv`;
  const url = `https://data.example.org/${key}`;
  return { kind: 'source', id: itemId(url, key), url, key, process: mixed && n % 2 === 0 ? null : PROFILE };
}

const base = ({ id, key }: SourceItem) => ({ v: 1, runId: RUN_ID, item: id, name: key, at: AT }) as const;

function landedOf({ bucket }: GeneratedRun, item: SourceItem): LandedRecord {
  return {
    ...base(item),
    status: 'landed',
    bucket,
    key: item.key,
    url: item.url,
    bytes: 123_456,
    seconds: 0.123,
    parts: 1,
    retries: 0,
    proofs: { held: ['size', 'crc32'], notChecked: [] },
    crc32: 'deadbeef',
    sourceEtag: '"abcdef0123456789"',
    sourceLastModified: 'Tue, 24 Nov 2026 01:00:00 GMT',
    contentType: 'text/csv',
    peakMemoryMiB: 143.2,
    notes: [],
  };
}

function resultOf(item: SourceItem): ResultRecord {
  const columns = ['station', 'day', 'low', 'high', 'rain'].map((name) => ({ name, type: 'number', empty: 0 }));
  return {
    ...base(item),
    processor: 'profile',
    attempt: 1,
    worker: 'arn:aws:ecs:eu-central-1:111111111111:task/Sluice/0123456789abcdef',
    seconds: 0.4,
    outputs: [{ key: `output/${RUN_ID}/${item.id}/1/profile.json`, bytes: 700 }],
    result: { format: 'csv', rows: 3_376, badRows: 0, columns },
  };
}

function failureOf(item: SourceItem): FailureRecord {
  return {
    ...base(item),
    stage: 'transfer',
    problem: problemOf(
      { name: 'SourceRefusedError', message: `GET ${item.url} answers 404` },
      { run: RUN_ID, item: item.id },
    ),
    attempts: 1,
  };
}

/** The plan in the form of Plan. Writing it is not measured. */
export function planOf(run: GeneratedRun): PlanSummary {
  const { items, mixed } = run;
  const ids = (function* () {
    for (let n = 0; n < items; n++) yield itemNumber(run, n).id;
  })();
  return {
    v: 1,
    runId: RUN_ID,
    executionArn: 'arn',
    startedAt: AT,
    plannedAt: null,
    schedule: null,
    scheduledTime: AT,
    items,
    batches: Math.ceil(items / BATCH_ITEMS),
    shards: countByShard(ids),
    work: 0,
    processed: mixed ? Math.floor(items / 2) : items,
    rerunOf: null,
    loads: [],
    onLate: 'partial',
    waitFor: [],
    deadline: null,
    stopAt: null,
    force: false,
  };
}
