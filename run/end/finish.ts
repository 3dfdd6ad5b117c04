import { runKeys } from '../keys.ts';
import { type GateRecord, readGateRecord } from '../ledger/gate-record.ts';
import { notesOf } from '../ledger/run-notes.ts';
import type { PlanSummary } from '../plan/plan-summary.ts';
import { readJson, type Store, writeOnce } from '../store.ts';
import { VERSION } from '../version.ts';
import { readClosing, reasonOf } from './closing.ts';
import { joinPieces } from './join-pieces.ts';
import { loadOutcomes } from './load-outcomes.ts';
import { type Manifest, manifestSchema, type Outcome } from './manifest.ts';
import { pieceCount, type WrittenPiece, writePiece } from './pieces.ts';
import { problemOfEnd } from './problem-of-end.ts';
import { latestRedrive, reopenRun } from './reopen.ts';
import { Tally } from './tally.ts';
import type { Totals } from './totals.ts';

/** A run that has ended, without its manifest. */
export interface EndedRun {
  readonly plan: PlanSummary;
  readonly manifest: Manifest;
  readonly gate: GateRecord;
  readonly totals: Totals;
}

/** A run as its cost is computed from it. */
export interface RunToCost extends Pick<EndedRun, 'plan' | 'gate' | 'totals'>, Pick<Manifest, 'bytes' | 'closedAt'> {}

export interface FinishOptions {
  /** The number of pieces that the run was divided into. @default the number that `pieceCount` returns */
  readonly of?: number;
  /** What the run costs in dollars. @default unknown */
  readonly dollarsOf?: (run: RunToCost) => number;
  /** Writes the pages for people. It is called after every item is written. @default writes no pages */
  readonly writePages?: (ended: EndedRun) => Promise<void>;
}

/**
 * The last step of the end of a closed run. It adds up the pieces, then writes every item, the pages for people, and
 * last the manifest. The manifest is written once; a second call returns the existing one. It also writes each piece
 * that is not written yet. A short run has only such pieces.
 *
 * @param of the number of pieces that the run was divided into. @default the number that `pieceCount` returns
 * @returns undefined if the run is open, because its execution was redriven meanwhile.
 * @throws the error that S3 answers. A repeated call then continues.
 */
export async function finishRun(
  store: Store,
  plan: PlanSummary,
  { of = pieceCount(plan), dollarsOf, writePages }: FinishOptions = {},
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
  const gate = await readGateRecord(store, plan.runId);
  const { execution } = closing;
  const outcome = execution === undefined ? outcomeOf(plan, tally) : 'failed';
  const counts = { items: plan.items, ...tally.counts };
  const { bytes, totals } = tally;
  const manifest: Manifest = {
    v: 1,
    version: VERSION,
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
    bytes,
    dollars: dollarsOf?.({ plan, gate, totals, bytes, closedAt: closing.at }) ?? null,
    loads: await loadOutcomes(store, plan, closing, tally.notLoaded),
    notes: await notesOf(store, plan.runId, gate),
    done: tally.done,
    failed: tally.failed,
    missing: tally.missing,
  };
  await writePages?.({ plan, manifest, gate, totals });
  const word = await writeOnce(store, keys.manifest, manifest);
  // If a redrive came between the closing and the manifest, only the closing shows it.
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
