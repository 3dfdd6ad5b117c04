// @module-tag heavy
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WORKGROUP_ARN } from '#local/redshift/set-up.ts';
import { breakClosing, closeRun } from '#run/end/closing.ts';
import { reopenRun } from '#run/end/reopen.ts';
import { type Load, loadSchema } from '#run/input/load.ts';
import { record } from '#run/ledger/ledger.ts';
import { readLoadRecord } from '#run/ledger/load-record.ts';
import { type RedshiftSettings, redshiftSchema } from '#run/settings/redshift.ts';
import { startTestWarehouse, type TestWarehouse } from '#test/helpers/redshift.ts';
import { landedRecord, sourceNamed, writePlan } from '#test/helpers/run.ts';
import type { LoadContext } from '#warehouse/load-table.ts';
import { cancelLoads, type Loaded, loadRun } from '../../../lambdas/load/load-run.ts';

let test: TestWarehouse;
let context: LoadContext;
beforeAll(async () => {
  test = await startTestWarehouse();
  context = contextWith({});
  await test.redshift.database.run('CREATE SCHEMA sluice; CREATE SCHEMA raw;');
});
afterAll(() => test.stop());

function contextWith(settings: Partial<RedshiftSettings>): LoadContext {
  const warehouse = redshiftSchema.parse({ workgroup: WORKGROUP_ARN, copyRole: test.copyRole, ...settings });
  return { store: test.store, api: { client: test.client, warehouse }, warehouse };
}

const SETTLED = { forced: false, reason: null };
const STOPPED = {
  forced: true,
  reason: 'the execution ended ABORTED',
  execution: { status: 'ABORTED', redriveCount: 0 },
} as const;

let tables = 0;
async function newTable(columns = 'n int, word varchar(100)'): Promise<string> {
  const table = `raw.t${++tables}`;
  await test.redshift.database.run(`CREATE TABLE ${table} (${columns})`);
  return table;
}

const newTables = async (count: number) => {
  const names: string[] = [];
  for (let n = 0; n < count; n++) names.push(await newTable());
  return names;
};

const csvInto = (table: string, options: object = { format: 'csv', headerLines: 1 }) =>
  loadSchema.parse({ table, mode: 'append', options });

/** A closed run with a landed object for each load. */
async function landed(runId: string, objects: readonly { readonly load: Load; readonly body: string | Uint8Array }[]) {
  const items = objects.map(({ load }, index) => ({ ...sourceNamed(`${runId}/${index}`, null), load }));
  for (const [index, item] of items.entries()) {
    const body = objects[index]?.body ?? '';
    await test.store.client.send(new PutObjectCommand({ Bucket: test.store.bucket, Key: item.key, Body: body }));
    const bytes = Buffer.byteLength(body);
    await record(test.store, 'landed', { ...landedRecord(runId, item, test.store.bucket), bytes });
  }
  const loads = [...new Map(objects.map(({ load }) => [load.table, load])).values()];
  await writePlan(test.store, runId, items, { loads });
  return closeRun(test.store, runId, SETTLED);
}

/** Looks until the loads have ended, as the state machine does. @returns how many loads were under way at each look. */
async function looks(runId: string, by = context): Promise<{ loaded: Loaded; underWay: number[] }> {
  const underWay: number[] = [];
  const loaded = await vi.waitFor(
    async () => {
      const last = await loadRun(by, runId, false).catch((error: Error) => error);
      underWay.push(String(last).match(/: (SUBMITTED|PICKED|STARTED)/g)?.length ?? 0);
      if ((last as Error).name === 'NotReadyError') throw last;
      return last;
    },
    { timeout: 180_000, interval: 5 },
  );
  if (loaded instanceof Error) throw loaded;
  return { loaded, underWay };
}

const rowsIn = (table: string) => test.redshift.database.rows(`SELECT * FROM ${table} ORDER BY 1, 2`);
const statementOf = (table: string) =>
  test.redshift.statements
    .all()
    .findLast(({ parts }) => parts.some(({ sql }) => sql.includes(`COPY "raw"."${table.slice(4)}"`)));

/** A load that is in the middle of its transaction. */
async function underWay(runId: string): Promise<string> {
  const table = await newTable();
  const hold = test.redshift.statements.hold(new RegExp(`INSERT INTO "sluice"."${table}"`));
  await landed(runId, [{ load: csvInto(table), body: 'n,word\n1,a\n' }]);
  await expect(loadRun(context, runId, false)).rejects.toMatchObject({ name: 'NotReadyError' });
  await hold.reached;
  expect(statementOf(table)?.state).toBe('STARTED');
  return table;
}

describe('a load that is under way', () => {
  it('a load under way is cancelled when time is up, and has written nothing', async () => {
    const table = await underWay('forced');
    await expect(loadRun(context, 'forced', true)).rejects.toMatchObject({
      name: 'LoadCancelledError',
      message: expect.stringContaining(`${table} cancelled`),
    });
    expect(statementOf(table)?.state).toBe('ABORTED');
    expect(await rowsIn(table)).toEqual([]);
    expect(await readLoadRecord(test.store, 'forced', 0)).toMatchObject({
      state: 'cancelled',
      error: {
        message: 'time was up before the table was loaded. Sluice cancelled the statement, and it has written nothing',
      },
    });
  });

  it('a load under way is cancelled when its execution is stopped, and succeeds after a redrive', async () => {
    const table = await underWay('stopped');
    const closing = await closeRun(test.store, 'stopped', SETTLED);
    await breakClosing(test.store, closing, STOPPED);
    expect(await cancelLoads(context, 'stopped')).toEqual([table]);
    expect(statementOf(table)?.state).toBe('ABORTED');
    expect(await rowsIn(table)).toEqual([]);
    // A redrive that came before the run was opened again.
    await expect(loadRun(context, 'stopped', false)).rejects.toMatchObject({ name: 'RunReopenedError' });
    // A second call finds nothing to cancel that it has not cancelled.
    expect(await cancelLoads(context, 'stopped')).toEqual([table]);

    await reopenRun(test.store, 'stopped');
    expect(await cancelLoads(context, 'stopped')).toEqual([]);
    // The execution goes on here, and the state machine closes its run first.
    await expect(loadRun(context, 'stopped', false)).rejects.toMatchObject({ name: 'RunReopenedError' });
    await closeRun(test.store, 'stopped', SETTLED);
    expect((await looks('stopped')).loaded).toMatchObject({ tables: 1, rows: 1 });
    expect(await rowsIn(table)).toEqual([{ n: 1, word: 'a' }]);
  });

  it('a load under way continues if its execution was redriven meanwhile', async () => {
    const table = await newTable();
    const hold = test.redshift.statements.hold(new RegExp(`INSERT INTO "sluice"."${table}"`));
    await landed('redriven', [{ load: csvInto(table), body: 'n,word\n1,a\n' }]);
    await expect(loadRun(context, 'redriven', false)).rejects.toMatchObject({ name: 'NotReadyError' });
    await hold.reached;
    expect(await cancelLoads(context, 'redriven')).toEqual([]);
    hold.release();
    await looks('redriven');
    expect(await rowsIn(table)).toEqual([{ n: 1, word: 'a' }]);
  });

  it('the function that submitted a load cancels it, if the execution was stopped during the call', async () => {
    const table = await newTable();
    // It holds the statement back, so that the statement can't be done before the cancel.
    test.redshift.statements.hold(new RegExp(`INSERT INTO "sluice"."${table}"`));
    const closing = await landed('late', [{ load: csvInto(table), body: 'n,word\n1,a\n' }]);
    // The call has read that the run is closed in order, and comes to its submission afterwards.
    const create = test.redshift.statements.hold(/CREATE TABLE IF NOT EXISTS/);
    const call = loadRun(context, 'late', false).catch((error: Error) => error);
    await create.reached;
    await breakClosing(test.store, closing, STOPPED);
    expect(await cancelLoads(context, 'late')).toEqual([]);
    create.release();
    expect(await call).toBeInstanceOf(Error);
    // The statement may be cancelled before it comes to the hold.
    await vi.waitUntil(() => statementOf(table)?.state === 'ABORTED', { timeout: 180_000 });
    expect(await readLoadRecord(test.store, 'late', 0)).toMatchObject({
      state: 'cancelled',
      error: { message: expect.stringContaining('the execution had ended before the table was loaded') },
    });
    expect(await rowsIn(table)).toEqual([]);
  });

  it('a load that has just committed counts as loaded, not as cancelled', async () => {
    const table = await newTable();
    const closing = await landed('faster', [{ load: csvInto(table), body: 'n,word\n1,a\n2,b\n' }]);
    await expect(loadRun(context, 'faster', false)).rejects.toMatchObject({ name: 'NotReadyError' });
    await vi.waitUntil(() => statementOf(table)?.state === 'FINISHED', { timeout: 180_000 });
    await breakClosing(test.store, closing, STOPPED);
    expect(await cancelLoads(context, 'faster')).toEqual([]);
    expect(await readLoadRecord(test.store, 'faster', 0)).toMatchObject({
      state: 'loaded',
      objects: 1,
      rows: { 1: 2 },
    });
  });

  it('a run whose loads have not begun reports no cancelled load', async () => {
    const table = await newTable();
    const closing = await landed('early', [{ load: csvInto(table), body: 'n,word\n1,a\n' }]);
    await breakClosing(test.store, closing, STOPPED);
    expect(await cancelLoads(context, 'early')).toEqual([]);
    expect(await readLoadRecord(test.store, 'early', 0)).toBeUndefined();
  });
});

describe('tablesAtOnce', () => {
  it.each([
    [1, 1],
    [2, 2],
    [5, 4],
  ])('tablesAtOnce limits the tables that are loaded at the same time: %i', async (tablesAtOnce, most) => {
    const runId = `at-once-${tablesAtOnce}`;
    const into = await newTables(4);
    await landed(
      runId,
      into.map((table) => ({ load: csvInto(table), body: `n,word\n1,${table}\n` })),
    );
    const { loaded, underWay: seen } = await looks(runId, contextWith({ tablesAtOnce }));
    expect(loaded).toMatchObject({ tables: 4, objects: 4, rows: 4 });
    // The first look begins as many as it may, and later ones begin no more than have ended.
    expect(seen[0]).toBe(most);
    expect(Math.max(...seen)).toBe(most);
    for (const table of into) {
      expect(await rowsIn(table)).toEqual([{ n: 1, word: table }]);
      expect(await test.redshift.database.rows(`SELECT part FROM sluice."${table}"`)).toEqual([{ part: 1 }]);
    }
  });

  it('after a failed table no other load begins, loads under way finish, and each failure is named', async () => {
    const into = await newTables(4);
    const bodies = ['n,word\n1,a\n', 'n,word\nx,a\n', 'n,word\ny,a\n', 'n,word\n1,a\n'];
    await landed(
      'one-fails',
      into.map((table, index) => ({ load: csvInto(table), body: bodies[index] ?? '' })),
    );
    const error = await looks('one-fails', contextWith({ tablesAtOnce: 3 })).catch((cause: Error) => cause);
    expect(error).toMatchObject({ name: 'LoadFailedError' });
    expect(String(error)).toMatch(new RegExp(`${into[1]}: .*"x"[^]*${into[2]}: .*"y"`));
    expect(await rowsIn(into[0] ?? '')).toHaveLength(1);
    for (const table of into.slice(1)) expect(await rowsIn(table)).toEqual([]);
  });
});

describe('files as they landed', () => {
  const lines = (...all: object[]) => all.map((line) => `${JSON.stringify(line)}\n`).join('');
  const COLUMNS = 'id bigint, city varchar(100), price decimal(9,2), seen date, ok boolean';
  const first = { id: 1, city: 'Köln; "Süd"', price: '1.50', seen: '2026-01-31', ok: true };
  const EXPECTED = [first, { id: 2, city: null, price: null, seen: null, ok: false }];
  const titled = 'some title\nid;city;price;seen;ok\n1;"Köln; ""Süd""";1.5;2026-01-31;t\n2;NA;NA;NA;f\n';
  it.each([
    [
      'CSV',
      { format: 'csv', headerLines: 1 },
      'id,city,price,seen,ok\n1,"Köln; ""Süd""",1.5,2026-01-31,true\n2,,,,false\n',
    ],
    [
      'CSV with semicolons, two lines of head and a word for nothing, gzip',
      { format: 'csv', headerLines: 2, delimiter: ';', nullAs: 'NA', compression: 'gzip' },
      gzipSync(titled),
    ],
    [
      'JSON, whose fields are found by name in any case and order, and may be more than the columns',
      { format: 'json' },
      lines({ City: 'Köln; "Süd"', ID: 1, price: 1.5, seen: '2026-01-31', ok: true, other: [1] }, { id: 2, ok: false }),
    ],
    ['JSON, zstd', { format: 'json', compression: 'zstd' }, zstdCompressSync(lines(first, { id: 2, ok: false }))],
  ])('files are loaded as they landed: %s', async (_, options, body) => {
    const table = await newTable(COLUMNS);
    await landed(`as-landed-${table}`, [{ load: csvInto(table, options), body }]);
    expect((await looks(`as-landed-${table}`)).loaded).toMatchObject({ tables: 1, objects: 1, rows: 2 });
    const rows = `SELECT id::int AS id, city, price::text, seen::text, ok FROM ${table} ORDER BY id`;
    expect(await test.redshift.database.rows(rows)).toEqual(EXPECTED);
  });

  it('files are merged by their keys as they landed, with the columns that the input names', async () => {
    const table = await newTable(COLUMNS);
    await test.redshift.database.run(
      `INSERT INTO ${table} VALUES (2, 'old', 9, NULL, true), (3, 'stays', 9, NULL, true)`,
    );
    const load = loadSchema.parse({
      ...{ table, mode: 'merge', keys: ['id'], columns: ['ok', 'id', 'city'] },
      options: { format: 'csv' },
    });
    await landed('merged', [{ load, body: 'false,2,new\n' }]);
    await looks('merged');
    const rows = `SELECT id::int AS id, city, price::text FROM ${table} ORDER BY id`;
    expect(await test.redshift.database.rows(rows)).toEqual([
      { id: 2, city: 'new', price: null },
      { id: 3, city: 'stays', price: '9.00' },
    ]);
  });
});

describe('a load that meets another transaction', () => {
  const CONFLICT =
    'ERROR: 1023\n  Detail: Serializable isolation violation on table - 108011, transactions forming the cycle are: 2351, 2352 (pid:17721)';
  /** At the end of the transaction: the rows are copied by then. */
  const conflicts = (table: string, times: number) => {
    const record = new RegExp(`INSERT INTO "sluice"."${table}"`);
    for (let n = 0; n < times; n++) test.redshift.statements.fail(record, CONFLICT);
  };

  it('a load that meets another transaction is tried again, and writes its rows once', async () => {
    const table = await newTable();
    conflicts(table, 4);
    await landed('conflict', [{ load: csvInto(table), body: 'n,word\n1,a\n' }]);
    expect((await looks('conflict')).loaded).toMatchObject({ tables: 1, rows: 1 });
    expect(await rowsIn(table)).toEqual([{ n: 1, word: 'a' }]);
    const loaded = await readLoadRecord(test.store, 'conflict', 0);
    expect(loaded).toMatchObject({ state: 'loaded', statement: { attempt: 5 } });
  });

  it('a load fails after five attempts with the message of Redshift, and succeeds after a redrive', async () => {
    const table = await newTable();
    conflicts(table, 5);
    const closing = await landed('conflicts', [{ load: csvInto(table), body: 'n,word\n1,a\n' }]);
    await expect(looks('conflicts')).rejects.toMatchObject({
      name: 'LoadFailedError',
      message: expect.stringContaining('Serializable isolation violation'),
    });
    expect(await rowsIn(table)).toEqual([]);
    await breakClosing(test.store, closing, STOPPED);
    await reopenRun(test.store, 'conflicts');
    await closeRun(test.store, 'conflicts', SETTLED);
    await looks('conflicts');
    expect(await rowsIn(table)).toEqual([{ n: 1, word: 'a' }]);
  });
});
