import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Load } from '#run/input/load.ts';
import { runKeys } from '#run/keys.ts';
import { type LoadRecord, readLoadRecord } from '#run/ledger/load-record.ts';
import type { RedshiftSettings } from '#run/settings/redshift.ts';
import { readJson, type Store, writeJson, writeOnce } from '#run/store.ts';
import {
  cancel,
  type DataApi,
  type Described,
  describe,
  isOver,
  query,
  rowsOf,
  submit,
  WarehouseBusyError,
} from './data-api.ts';
import { LoadFailedError } from './errors.ts';
import { describeFailure, isConflict } from './load-failure.ts';
import { copyManifest, type LoadObject, urlOf } from './load-objects.ts';
import { ledgerTable, loadRequest, loadSteps, type Part } from './load-statements.ts';
import { tableName } from './sql.ts';
import { checkTable, ensureLedger, type ParquetColumns } from './target-table.ts';

/** The clients and settings that a load needs. */
export interface LoadContext {
  readonly store: Store;
  readonly api: DataApi;
  readonly warehouse: RedshiftSettings;
}

/** The load of a closed run into one table. */
export interface TableLoad {
  readonly runId: string;
  /** The index of the table in the run. */
  readonly index: number;
  readonly load: Load;
  /** When the run was closed. */
  readonly closedAt: string;
}

/** The objects of a run for a table. */
export interface ToLoad {
  readonly objects: readonly LoadObject[];
  readonly heldBack: number;
  readonly parquet: ParquetColumns | undefined;
}

/** What a look at a load asks of its run. */
export interface Loading {
  /** Reads the list of objects to load. It is called only if the list is needed. */
  readonly toLoad: () => Promise<ToLoad>;
  /** Whether the execution has ended meanwhile. Then no state waits for the load any more. */
  readonly hasEnded: () => Promise<boolean>;
}

/** How often a load is tried that meets other transactions. */
const ATTEMPTS = 5;
/** The unit of the Data API's durations. */
const NANOSECONDS = 1_000_000_000;
/** What Sluice reads from a manifest that it wrote. */
const namedObjects = z.object({
  entries: z.array(z.object({ url: z.string(), meta: z.object({ content_length: z.int() }) })),
});

/**
 * Advances the load of a run into one table: begins it, checks it, or finds that it is done. Call it again until the
 * record says how the load ended; after that it does nothing. A repeated call, or a call of another process, does
 * nothing twice.
 *
 * The ledger in the warehouse decides what is loaded, because the transaction that loads writes it. Everything else,
 * also the record and the manifest in S3, only saves work or reports progress.
 *
 * @returns the record. A failed load is a record too; if the run is closed again after a redrive, the load is tried
 * again.
 */
export async function advanceLoad(context: LoadContext, table: TableLoad, loading: Loading): Promise<LoadRecord> {
  const known = await readLoadRecord(context.store, table.runId, table.index);
  if (known !== undefined && known.closedAt === table.closedAt && known.state !== 'loading') return known;
  const record = await advanceOrFail(context, table, known, loading);
  // Whoever cancelled the loads may have come too early to see this statement.
  const isLeftBehind = record.state === 'loading' && record.statement !== null && (await loading.hasEnded());
  return (isLeftBehind ? await cancelLoad(context, table, 'the execution had ended') : undefined) ?? record;
}

async function advanceOrFail(
  context: LoadContext,
  table: TableLoad,
  known: LoadRecord | undefined,
  { toLoad }: Loading,
): Promise<LoadRecord> {
  try {
    return await advance(context, table, known, toLoad);
  } catch (error) {
    if (error instanceof WarehouseBusyError) {
      return { ...recordOf(table, known), error: { name: 'Waiting', message: error.message } };
    }
    if (!(error instanceof LoadFailedError)) throw error;
    return keep(context, table, failed(recordOf(table, known), error));
  }
}

function failed(record: LoadRecord, { name, message }: LoadFailedError): LoadRecord {
  return { ...record, state: 'failed', error: { name, message } };
}

/**
 * Cancels the load into one table if it is under way.
 *
 * @param why the reason, such as `time was up`.
 * @returns the record: `cancelled`, or `loaded` if the transaction was faster; undefined if the load has not begun.
 */
export async function cancelLoad(context: LoadContext, table: TableLoad, why: string): Promise<LoadRecord | undefined> {
  const known = await readLoadRecord(context.store, table.runId, table.index);
  // A statement of an earlier closing that is still under way is cancelled, too.
  if (known?.state !== 'loading') return known?.closedAt === table.closedAt ? known : undefined;
  let record = recordOf(table, known);
  let isOverNow = true;
  if (record.statement !== null) {
    const said = await ifKnown(cancel(context.api, record.statement.id));
    if (said !== undefined) record = await withEnd(context, table, record, said);
    isOverNow = said === undefined || isOver(said);
    const parts = isOverNow && said?.Status !== 'ABORTED' ? await loadedParts(context, table) : undefined;
    if (parts?.has(known.statement?.part ?? 0)) {
      return keep(context, table, { ...record, ...sumOf(parts), state: 'loaded' });
    }
  }
  const what = isOverNow ? 'it has written nothing' : `the warehouse had not ended the statement a minute later`;
  const message = `${why} before the table was loaded. Sluice cancelled the statement, and ${what}`;
  return keep(context, table, { ...record, state: 'cancelled', error: { name: 'LoadCancelledError', message } });
}

/** Returns the state of a statement; undefined if the Data API doesn't know it any more, which happens after a day. */
async function ifKnown(answer: Promise<Described>): Promise<Described | undefined> {
  try {
    return await answer;
  } catch (error) {
    if ((error as Error).name === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

async function advance(
  context: LoadContext,
  table: TableLoad,
  known: LoadRecord | undefined,
  toLoad: () => Promise<ToLoad>,
): Promise<LoadRecord> {
  const { api, warehouse } = context;
  let record = recordOf(table, known);
  let said: Described | undefined;
  if (record.statement === null) await ensureLedger(api, warehouse, table.load.table);
  else {
    said = await ifKnown(describe(api, record.statement.id));
    if (said !== undefined && !isOver(said)) {
      return keep(context, table, { ...record, statement: { ...record.statement, state: said.Status ?? 'SUBMITTED' } });
    }
    if (said !== undefined) record = await withEnd(context, table, record, said);
  }

  const parts = await loadedParts(context, table);
  const { statement } = record;
  // A load that failed before a redrive is tried again.
  const isOfNow = known?.closedAt === table.closedAt;
  if (isOfNow && statement !== null && said !== undefined && said.Status !== 'FINISHED' && !parts.has(statement.part)) {
    if (!isConflict(said) || statement.attempt >= ATTEMPTS) {
      const why = await describeFailure(api, said, stepsOf(context, table, statement.part));
      return keep(context, table, failed(record, new LoadFailedError(`${table.load.table}: ${why}`)));
    }
  }

  const { objects: all, heldBack, parquet } = await toLoad();
  const there = new Set([...parts.values()].flatMap(({ urls }) => urls));
  const objects = all.filter((object) => !there.has(urlOf(object)));
  // Nothing has counted the rows of a part that another process has loaded.
  const uncounted = Object.fromEntries([...parts.keys()].map((part) => [part, null]));
  record = { ...record, ...sumOf(parts), heldBack, rows: { ...uncounted, ...record.rows } };
  if (objects.length === 0) return keep(context, table, { ...record, state: parts.size === 0 ? 'nothing' : 'loaded' });

  const number = Math.max(0, ...parts.keys()) + 1;
  const attempt = isOfNow && statement?.part === number ? statement.attempt + 1 : 1;
  if (attempt === 1) await checkTable(api, table.load, parquet);
  const part = await writePart(context, table, { number, load: loadOfPart(table.load, number), objects });
  const token = createHash('sha256').update(
    [table.runId, table.load.table, table.closedAt, number, attempt].join('\n'),
  );
  const now = new Date();
  const id = await submit(api, loadRequest(part, warehouse, token.digest('hex').slice(0, 64), now));
  return keep(context, table, {
    ...record,
    statement: { id, state: 'SUBMITTED', part: number, attempt, at: now.toISOString() },
  });
}

/** Only the first manifest of a part is kept, so repeated submissions use the same transaction. */
async function writePart(
  { store }: LoadContext,
  { runId, index }: TableLoad,
  { number, load, objects }: { number: number; load: Load; objects: readonly LoadObject[] },
): Promise<Part> {
  const key = runKeys(runId).loadManifest(index, number);
  const mine = copyManifest(objects);
  const word = await writeOnce(store, key, mine);
  const { entries } = word === 'written' ? mine : ((await readJson(store, key, namedObjects)) ?? mine);
  return {
    runId,
    load,
    part: number,
    manifest: urlOf({ bucket: store.bucket, key }),
    objects: entries.length,
    bytes: entries.reduce((sum, { meta }) => sum + meta.content_length, 0),
  };
}

interface LoadedPart {
  readonly urls: readonly string[];
  readonly objects: number;
  readonly bytes: number;
}

/** The parts of the run in the ledger of the warehouse. */
async function loadedParts(
  { api, warehouse, store }: LoadContext,
  { runId, load }: TableLoad,
): Promise<Map<number, LoadedPart>> {
  const ledger = tableName(ledgerTable(warehouse, load.table));
  const rows = await query(api, {
    name: 'sluice: what is loaded',
    sqls: [`SELECT part, manifest, objects, bytes FROM ${ledger} WHERE run_id = :run ORDER BY part`],
    values: { run: runId },
  }).catch((cause: Error) => {
    if (!/permission denied/i.test(cause.message)) throw cause;
    throw new LoadFailedError(
      `this user may not use Sluice's ledger. Make the user the owner of ${ledger}, because LOCK can require that; ${cause.message}`,
      { cause },
    );
  });
  const parts = new Map<number, LoadedPart>();
  for (const { part, manifest, objects, bytes } of rows) {
    const key = String(manifest).slice(`s3://${store.bucket}/`.length);
    const named = await readJson(store, key, namedObjects);
    if (named === undefined) {
      throw new LoadFailedError(
        `${load.table}: part ${part} of the run is loaded, but its manifest ${manifest} does not exist any more`,
      );
    }
    parts.set(Number(part), {
      urls: named.entries.map(({ url }) => url),
      objects: Number(objects),
      bytes: Number(bytes),
    });
  }
  return parts;
}

/** Adds what an ended statement reports to the record: its duration, and how many rows it has written. */
async function withEnd(
  context: LoadContext,
  table: TableLoad,
  record: LoadRecord,
  said: Described,
): Promise<LoadRecord> {
  if (record.statement === null || !isOver(said)) return record;
  const { part } = record.statement;
  const seconds = { ...record.seconds, [part]: (said.Duration ?? 0) / NANOSECONDS };
  if (said.Status !== 'FINISHED') return { ...record, seconds };
  const rows = await copiedRows(context.api, said, stepsOf(context, table, part));
  return { ...record, seconds, rows: { ...record.rows, [part]: rows } };
}

async function copiedRows(api: DataApi, said: Described, steps: readonly string[]): Promise<number | null> {
  const count = said.SubStatements?.[steps.indexOf('count')];
  if (count?.Id === undefined) return null;
  const [row] = await rowsOf(api, count.Id);
  return row?.rows === undefined || row.rows === null ? null : Number(row.rows);
}

/** A part after the first appends: the first part of a replace has emptied the table. */
function loadOfPart(load: Load, number: number): Load {
  return number > 1 && load.mode === 'replace' ? { ...load, mode: 'append' } : load;
}

/** The purpose of each SQL in a part's transaction. */
function stepsOf({ warehouse }: LoadContext, { runId, load }: TableLoad, number: number) {
  const part: Part = { runId, load: loadOfPart(load, number), part: number, manifest: '', objects: 0, bytes: 0 };
  return loadSteps(part, warehouse).map(({ step }) => step);
}

function sumOf(parts: ReadonlyMap<number, LoadedPart>): Pick<LoadRecord, 'objects' | 'bytes'> {
  const all = [...parts.values()];
  const sum = (of: (part: LoadedPart) => number) => all.reduce((total, part) => total + of(part), 0);
  return { objects: sum(({ objects }) => objects), bytes: sum(({ bytes }) => bytes) };
}

function recordOf({ runId, load, closedAt }: TableLoad, known: LoadRecord | undefined): LoadRecord {
  return {
    v: 1,
    runId,
    table: load.table,
    mode: load.mode,
    statement: null,
    objects: 0,
    bytes: 0,
    heldBack: 0,
    rows: {},
    seconds: {},
    ...known,
    closedAt,
    state: 'loading',
    error: null,
  };
}

async function keep({ store }: LoadContext, { runId, index }: TableLoad, record: LoadRecord): Promise<LoadRecord> {
  await writeJson(store, runKeys(runId).load(index), record);
  return record;
}
