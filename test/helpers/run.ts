import type { S3Client } from '@aws-sdk/client-s3';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { pageWriter } from '#page/write-pages.ts';
import { closeRun, type Ending } from '#run/end/closing.ts';
import { finishRun } from '#run/end/finish.ts';
import type { Manifest } from '#run/end/manifest.ts';
import { pieceCount } from '#run/end/pieces.ts';
import { itemId } from '#run/ids.ts';
import { DEFAULT_WAIT_FOR } from '#run/input/wait-for.ts';
import { type Item, itemName, type Process, type SourceItem } from '#run/item.ts';
import { type LedgerName, runKeys } from '#run/keys.ts';
import { recordedIds } from '#run/ledger/ledger.ts';
import type { FailureRecord, LandedRecord, ResultRecord } from '#run/ledger/records.ts';
import { countByShard } from '#run/ledger/shards.ts';
import type { PlanSummary } from '#run/plan/plan-summary.ts';
import { problemOf } from '#run/problem/problem.ts';
import { type Store, writeJson } from '#run/store.ts';

export const profile: Process = { processor: 'profile', options: {} };

/** A source item named after its key. */
export function sourceNamed(key: string, process: Process | null = profile): SourceItem {
  const url = `https://example.org/${key}`;
  return { kind: 'source', id: itemId(url, key), url, key, process };
}

/** Writes a plan as Plan would, with one item in each batch, and the defaults of a claim. */
export async function writePlan(
  store: Store,
  runId: string,
  items: readonly Item[],
  overrides: Partial<PlanSummary> = {},
): Promise<PlanSummary> {
  const keys = runKeys(runId);
  for (const [index, item] of items.entries()) await writeJson(store, keys.batch(index), [item]);
  const summary: PlanSummary = {
    v: 1,
    runId,
    executionArn: `arn:aws:states:us-east-1:000000000000:execution:sluice:${runId}`,
    startedAt: '2026-11-24T01:00:00.000Z',
    plannedAt: '2026-11-24T01:00:02.000Z',
    schedule: null,
    scheduledTime: '2026-11-24T01:00:00.000Z',
    items: items.length,
    batches: items.length,
    shards: countByShard(items.map((item) => item.id)),
    work: items.filter((item) => item.kind === 'work').length,
    processed: items.filter((item) => item.process !== null).length,
    rerunOf: null,
    loads: [],
    onLate: 'partial',
    force: false,
    waitFor: [...DEFAULT_WAIT_FOR],
    deadline: null,
    stopAt: null,
    ...overrides,
  };
  await writeJson(store, keys.summary, summary);
  return summary;
}

/** Ends a run as the steps of its end do, one after the other, in a process. */
export async function endRun(
  store: Store,
  plan: PlanSummary,
  ending: Ending,
  of: number = pieceCount(plan),
): Promise<Manifest> {
  await closeRun(store, plan.runId, ending);
  const manifest = await finishRun(store, plan, {
    of,
    writePages: pageWriter(store, {
      warn: (message) => {
        throw new Error(message);
      },
    }),
  });
  if (manifest === undefined) throw new Error(`run ${plan.runId} was opened again while it ended`);
  return manifest;
}

const at = '2026-11-24T01:01:00.000Z';

/** What every record of an item begins with. */
function recordOf(runId: string, item: Item) {
  return { v: 1, runId, item: item.id, name: itemName(item), at } as const;
}

export function landedRecord(runId: string, item: Item, bucket: string): LandedRecord {
  const name = itemName(item);
  return {
    ...recordOf(runId, item),
    status: 'landed',
    bucket,
    key: name,
    url: 'https://example.org/',
    bytes: 10,
    seconds: 0.1,
    parts: 1,
    retries: 0,
    proofs: { held: ['size'], notChecked: [] },
    notes: [],
  };
}

export function resultRecord(runId: string, item: Item): ResultRecord {
  return {
    ...recordOf(runId, item),
    processor: 'profile',
    attempt: 1,
    worker: 'w',
    seconds: 1,
    outputs: [],
    result: {},
  };
}

export function failureRecord(runId: string, item: Item): FailureRecord {
  return {
    ...recordOf(runId, item),
    stage: 'process',
    problem: problemOf({ name: 'Broken', message: 'it broke' }, { fallback: 'processor-failed' }),
    attempts: 3,
  };
}

/** The ids of all items that have a record in a ledger. */
export async function recordedItems(store: Store, runId: string, ledger: LedgerName): Promise<Set<string>> {
  return new Set(await Array.fromAsync(recordedIds(store, runId, ledger)));
}

export async function putObject(
  client: S3Client,
  bucket: string,
  key: string,
  body: string | Uint8Array,
): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
}

export async function textOf(store: Store, key: string): Promise<string> {
  const answer = await store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key: key }));
  return (await answer.Body?.transformToString()) ?? '';
}
