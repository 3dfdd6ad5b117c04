import { randomUUID } from 'node:crypto';
import { pMapIterable } from 'p-map';
import * as z from 'zod';
import { runKeys } from '../keys.ts';
import { plannedItems } from '../ledger/progress.ts';
import type { Closing } from '../ledger/records.ts';
import type { PlanSummary } from '../plan/plan-summary.ts';
import { readJson, type Store, writeOnce } from '../store.ts';
import { readItem, toLine } from './item-line.ts';
import { Tally, tallySchema } from './tally.ts';
import { writeLinesObject } from './write-object.ts';

/**
 * The end of a long run is written in pieces. Each piece is a range of the plan's batches. An item takes up to three
 * reads and some 3 ms of CPU, so one function couldn't read a million items within its 15 minutes (docs/waiting.md has
 * the measurement). Ranges of batches keep the plan's order, and each batch is read once.
 */
export interface Piece {
  /** The number of the piece, from 0. */
  readonly piece: number;
  /** The number of pieces of the run. */
  readonly of: number;
}

/** A function with one processor needs about a minute for this many items. */
const ITEMS_PER_PIECE = 20_000;

/** Returns the number of pieces in which the end of a run is written. */
export function pieceCount({ items, batches }: Pick<PlanSummary, 'items' | 'batches'>): number {
  return Math.max(1, Math.min(batches, Math.ceil(items / ITEMS_PER_PIECE)));
}

/** `ends/<time>/<piece>.json`: proves that a piece is written, and contains what the piece adds to the manifest. */
const writtenPieceSchema = tallySchema.extend({
  v: z.literal(1),
  /** The key of the object with the piece's lines. */
  lines: z.string(),
  lineBytes: z.int().nonnegative(),
});
export type WrittenPiece = z.infer<typeof writtenPieceSchema>;

/** The number of records that are read at once. */
const READS_AT_ONCE = 64;

/**
 * Writes one piece of a closed run's end: a line for each of its items, and last its tally, once. If the piece is
 * written already, it does nothing.
 *
 * Each call writes its lines to an object with a new name, and the tally contains this name. So if two calls run at
 * once, the stored tally and its lines come from the same call, even if a late result came in between.
 *
 * @throws the error that S3 answers. A repeated call begins the piece again.
 */
export async function writePiece(
  store: Store,
  plan: PlanSummary,
  { at }: Closing,
  { piece, of }: Piece,
): Promise<WrittenPiece> {
  const keys = runKeys(plan.runId);
  const tallyKey = keys.pieceTally(at, piece);
  const earlier = await readJson(store, tallyKey, writtenPieceSchema);
  if (earlier !== undefined) return earlier;

  const [from, to] = [piece, piece + 1].map((n) => Math.floor((n * plan.batches) / of));
  const items = pMapIterable(plannedItems(store, plan, from, to), (item) => readItem(store, plan.runId, item), {
    concurrency: READS_AT_ONCE,
  });
  const tally = new Tally();
  const lines = keys.pieceLines(at, piece, randomUUID());
  let lineBytes = 0;
  const chunks = async function* () {
    for await (const item of items) {
      tally.add(item);
      const line = Buffer.from(`${toLine(item)}\n`);
      lineBytes += line.length;
      yield line;
    }
  };
  await writeLinesObject(store, lines, chunks());
  const written: WrittenPiece = { v: 1, lines, lineBytes, ...tally, totals: tally.totals.toJSON() };
  if ((await writeOnce(store, tallyKey, written)) === 'written') return written;
  return (await readJson(store, tallyKey, writtenPieceSchema)) ?? written;
}
