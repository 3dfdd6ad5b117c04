import * as z from 'zod';
import { readItemLines } from '#run/end/item-line.ts';
import type { ItemLine } from '#run/end/manifest.ts';
import { pieceCount, writePiece } from '#run/end/pieces.ts';
import type { Load } from '#run/input/load.ts';
import { runKeys } from '#run/keys.ts';
import { type Closing, resultSchema } from '#run/ledger/records.ts';
import type { PlanSummary } from '#run/plan/plan-summary.ts';
import { readJson, type Store } from '#run/store.ts';
import { LoadFailedError } from '#warehouse/errors.ts';
import type { LoadObject } from '#warehouse/load-objects.ts';
import type { ToLoad } from '#warehouse/load-table.ts';

/** What the result of the processor `parquet` says about its files. */
const parquetResult = z.object({
  schema: z.array(z.object({ name: z.string(), type: z.string() })),
  schemaCut: z.boolean(),
});

interface Gathered {
  readonly objects: LoadObject[];
  heldBack: number;
  parquet: ToLoad['parquet'];
}

/**
 * Returns which objects of a closed run go into which table. It reads the pieces of the run's end, so that exactly the
 * items that the manifest calls done are loaded: a later result is in neither.
 *
 * @returns the objects by table.
 * @throws LoadFailedError, which names an item whose record can't be read.
 */
export async function readToLoad(store: Store, plan: PlanSummary, closing: Closing): Promise<Map<string, ToLoad>> {
  const loads = new Map(plan.loads.map((load) => [load.table.toLowerCase(), load]));
  const found = new Map<string, Gathered>();
  for await (const line of itemLines(store, plan, closing)) {
    const load = loads.get(line.load?.table.toLowerCase() ?? '');
    if (line.load === undefined || load === undefined || line.status !== 'done') continue;
    const gathered = found.get(load.table) ?? { objects: [], heldBack: 0, parquet: undefined };
    found.set(load.table, gathered);
    if (line.load.heldBack) gathered.heldBack += 1;
    else await gather(store, plan, line, load, gathered);
  }
  return found;
}

async function* itemLines(store: Store, plan: PlanSummary, closing: Closing): AsyncGenerator<ItemLine> {
  const of = pieceCount(plan);
  for (let piece = 0; piece < of; piece++) {
    const { lines } = await writePiece(store, plan, closing, { piece, of });
    yield* readItemLines(store, lines);
  }
}

async function gather(
  store: Store,
  plan: PlanSummary,
  { item, name, landed, result, leftOut }: ItemLine,
  { table, options }: Load,
  gathered: Gathered,
): Promise<void> {
  if (options.format !== 'parquet' || result?.processor !== 'parquet') {
    if (landed === undefined) throw new LoadFailedError(`${table}: the landed record of ${name} can't be read`);
    gathered.objects.push({ bucket: landed.bucket, key: landed.key, bytes: landed.bytes });
    return;
  }
  // A line that is too long has no outputs, but the item's own record has them.
  const whole =
    leftOut === undefined ? result : await readJson(store, runKeys(plan.runId).record('results', item), resultSchema);
  const said = parquetResult.safeParse(whole?.result);
  if (whole === undefined || !said.success) {
    throw new LoadFailedError(`${table}: the result record of ${name}, which lists its files, can't be read`);
  }
  gathered.parquet ??= { columns: said.data.schema, isCut: said.data.schemaCut };
  for (const { key, bytes } of whole.outputs) {
    if (key.endsWith('.parquet')) gathered.objects.push({ bucket: store.bucket, key, bytes });
  }
}
