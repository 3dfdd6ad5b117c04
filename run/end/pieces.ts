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
 * The end of a long run is written in pieces, each a range of the plan's batches: an item takes up to three reads and some
 * 3 ms of CPU, so that one function couldn't read a million within its 15 minutes (docs/waiting.md has the measurement).
 * Ranges of batches keep the plan's order, and each batch is read once.
 */
export interface Piece {
  /** From 0. */
  readonly piece: number;
  /** How many pieces the run has. */
  readonly of: number;
}

/** So many items take a function with one processor about a minute. */
const ITEMS_PER_PIECE = 20_000;

/** How many pieces the end of a run is written in. */
export function pieceCount({ items, batches }: Pick<PlanSummary, 'items' | 'batches'>): number {
  return Math.max(1, Math.min(batches, Math.ceil(items / ITEMS_PER_PIECE)));
}

/** `ends/<time>/<piece>.json`: a piece is written, and this is what it adds to the manifest. */
const writtenPieceSchema = tallySchema.extend({
  v: z.literal(1),
  /** The object with the piece's lines. */
  lines: z.string(),
  lineBytes: z.int().nonnegative(),
});
export type WrittenPiece = z.infer<typeof writtenPieceSchema>;

/** Records read at once. */
const READS_AT_ONCE = 64;

/**
 * Writes one piece of a closed run's end: a line for each of its items, and last its tally, once. Called again for a piece
 * that is written it does nothing.
 *
 * The lines' object has a name of its own for each call, and the tally names it: of two calls at once the tally and the
 * lines of one count, though a late result may have come in between.
 *
 * @throws whatever S3 answers; called again it begins the piece again.
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
