import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { readLines } from '../input/lines.ts';
import { runKeys } from '../keys.ts';
import { gateRecordSchema, newGateRecord } from '../ledger/gate-record.ts';
import type { PlanSummary } from '../plan/plan-summary.ts';
import { readJson, type Store, writeOnce } from '../store.ts';
import { readClosing, reasonOf } from './closing.ts';
import { joinPieces } from './join-pieces.ts';
import {
  type ItemLine,
  itemLineSchema,
  type Manifest,
  MOST_LINE_CHARACTERS,
  manifestSchema,
  NAMES_IN_MANIFEST,
  type Outcome,
} from './manifest.ts';
import { pieceCount, type WrittenPiece, writePiece } from './pieces.ts';
import { problemOfEnd } from './problem-of-end.ts';
import { latestRedrive, reopenRun } from './reopen.ts';
import { renderReport } from './report.ts';
import { Tally } from './tally.ts';

/**
 * The last step of a closed run's end: adds up its pieces, and writes every item, a page for people and last the manifest.
 * The manifest is written once: called again, this returns the one that is there. A piece that nobody has written yet is
 * written here, which is all there is to a short run.
 *
 * @param of how many pieces the run was divided into. @default as many as `pieceCount` says
 * @returns undefined where the run is open: its execution was redriven meanwhile.
 * @throws whatever S3 answers; called again it then goes on.
 */
export async function finishRun(
  store: Store,
  plan: PlanSummary,
  of: number = pieceCount(plan),
): Promise<Manifest | undefined> {
  const keys = runKeys(plan.runId);
  const closing = await readClosing(store, plan.runId);
  if (closing === undefined) return undefined;
  const existing = await readJson(store, keys.manifest, manifestSchema);
  if (existing !== undefined) return existing;

  const tally = new Tally();
  const pieces: Pick<WrittenPiece, 'lines' | 'lineBytes'>[] = [];
  for (let piece = 0; piece < of; piece++) {
    const { lines, lineBytes, ...added } = await writePiece(store, plan, closing, { piece, of });
    tally.addAll(added);
    pieces.push({ lines, lineBytes });
  }
  await joinPieces(store, pieces, keys.items);
  const gate = (await readJson(store, keys.gate, gateRecordSchema)) ?? newGateRecord(plan.runId);
  const { execution } = closing;
  const outcome = execution === undefined ? outcomeOf(plan, tally) : 'failed';
  const counts = { items: plan.items, ...tally.counts };
  const manifest: Manifest = {
    v: 1,
    runId: plan.runId,
    executionArn: plan.executionArn,
    startedAt: plan.startedAt,
    closedAt: closing.at,
    rerunOf: plan.rerunOf,
    outcome,
    forced: closing.forced,
    reason: reasonOf(closing),
    ...(execution && { execution }),
    problem: problemOfEnd(closing, { runId: plan.runId, outcome, counts }),
    counts,
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
      Body: renderReport(manifest, await firstItems(store, keys.items), gate),
      ContentType: 'text/html; charset=utf-8',
    }),
  );
  const word = await writeOnce(store, keys.manifest, manifest);
  // A redrive that came between closing and manifest has seen the closing alone.
  if (execution !== undefined) {
    const redriven = await latestRedrive(store, plan.runId);
    if (redriven > execution.redriveCount && (await reopenRun(store, plan.runId, redriven))) return undefined;
  }
  return word === 'written' ? manifest : ((await readJson(store, keys.manifest, manifestSchema)) ?? manifest);
}

function outcomeOf(plan: PlanSummary, { counts }: Tally): Outcome {
  if (counts.missing > 0) return plan.onLate === 'fail' ? 'late' : 'partial';
  if (counts.done + counts.landed + counts.unchanged + counts.skipped === 0) return 'failed';
  return counts.failed > 0 ? 'partial' : 'complete';
}

/** The items that the page shows, without what it doesn't: a thousand results could be a gigabyte. */
async function firstItems(store: Store, key: string): Promise<ItemLine[]> {
  const { Body } = await store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key: key }));
  const items: ItemLine[] = [];
  if (Body === undefined) return items;
  for await (const line of readLines(Body as AsyncIterable<Uint8Array>, MOST_LINE_CHARACTERS)) {
    const { result, ...item } = itemLineSchema.parse(JSON.parse(line));
    items.push({ ...item, ...(result && { result: { ...result, result: null, outputs: [] } }) });
    if (items.length === NAMES_IN_MANIFEST) break;
  }
  return items;
}
