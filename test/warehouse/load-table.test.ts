// @module-tag heavy

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WORKGROUP_ARN } from '#local/redshift/set-up.ts';
import { type Load, loadSchema } from '#run/input/load.ts';
import type { LoadRecord } from '#run/ledger/load-record.ts';
import { type RedshiftSettings, redshiftSchema } from '#run/settings/redshift.ts';
import { startTestWarehouse, type TestWarehouse } from '#test/helpers/redshift.ts';
import type { LoadObject } from '#warehouse/load-objects.ts';
import {
  advanceLoad,
  cancelLoad,
  type LoadContext,
  type Loading,
  type TableLoad,
  type ToLoad,
} from '#warehouse/load-table.ts';

let test: TestWarehouse;
let settings: RedshiftSettings;
let context: LoadContext;
beforeAll(async () => {
  test = await startTestWarehouse();
  settings = redshiftSchema.parse({ workgroup: WORKGROUP_ARN, copyRole: test.copyRole, statementMinutes: 10 });
  context = { store: test.store, api: { client: test.client, warehouse: settings }, warehouse: settings };
  await test.redshift.database.run('CREATE SCHEMA sluice; CREATE SCHEMA raw;');
});
afterAll(() => test.stop());

let tables = 0;
/** A table of its own for each test, of a number and a word. */
async function newTable(columns = 'n int, word varchar(100)'): Promise<string> {
  const table = `raw.t${++tables}`;
  await test.redshift.database.run(`CREATE TABLE ${table} (${columns})`);
  return table;
}

const rowsIn = (table: string) =>
  test.redshift.database.rows<{ n: number; word: string }>(`SELECT * FROM ${table} ORDER BY 1, 2`);

let objects = 0;
async function csv(...lines: string[]): Promise<LoadObject> {
  const key = `landed/${++objects}.csv`;
  const body = ['n,word', ...lines].map((line) => `${line}\n`).join('');
  await test.store.client.send(new PutObjectCommand({ Bucket: test.store.bucket, Key: key, Body: body }));
  return { bucket: test.store.bucket, key, bytes: body.length };
}

function loadOf(table: string, mode: Load['mode'], more: object = {}): Load {
  return loadSchema.parse({
    table,
    mode,
    ...(mode === 'merge' && { keys: ['n'] }),
    options: { format: 'csv', headerLines: 1 },
    ...more,
  });
}

let runs = 0;
const runOf = (load: Load, runId = `run-${++runs}`, closedAt = '2026-01-01T00:00:00.000Z'): TableLoad => ({
  runId,
  index: 0,
  load,
  closedAt,
});

const loadingOf = (toLoad: () => Promise<ToLoad>): Loading => ({ toLoad, hasEnded: async () => false });
const some = (...list: LoadObject[]) => loadingOf(async () => ({ objects: list, heldBack: 0, parquet: undefined }));

/** Looks until the load has ended, as the state machine does. */
async function end(run: TableLoad, toLoad: Loading, by = context): Promise<LoadRecord> {
  let last: LoadRecord | undefined;
  await vi.waitUntil(
    async () => {
      last = await advanceLoad(by, run, toLoad);
      return last.state !== 'loading';
    },
    { timeout: 180_000, interval: 5 },
  );
  return last as LoadRecord;
}

class Killed extends Error {}

/** A context whose process dies at its `n`-th request to AWS: before it is sent, or before its answer has come. */
function dyingAt(n: number, when: 'before' | 'after'): LoadContext {
  let calls = 0;
  const dying = <T extends { middlewareStack: { add: (...args: never[]) => void } }>(client: T): T => {
    (client.middlewareStack as S3Client['middlewareStack']).add(
      (next) => async (args) => {
        const isLast = ++calls === n;
        // Whatever is asked after its death is not asked.
        if (calls > n || (isLast && when === 'before')) throw new Killed();
        const answer = await next(args);
        if (isLast) throw new Killed();
        return answer;
      },
      { step: 'initialize', priority: 'high' },
    );
    return client;
  };
  const s3 = dying(new S3Client({ ...test.aws.client, forcePathStyle: true }));
  return {
    store: { client: s3, bucket: test.store.bucket },
    api: { client: dying(new RedshiftDataClient(test.aws.client)), warehouse: settings },
    warehouse: settings,
  };
}

describe.each(['append', 'replace', 'merge'] as const)('mode %s', (mode) => {
  const before = [
    { n: 1, word: 'old' },
    { n: 9, word: 'old' },
  ];
  const after = {
    append: [
      { n: 1, word: 'new' },
      { n: 1, word: 'old' },
      { n: 2, word: 'new' },
      { n: 9, word: 'old' },
    ],
    replace: [
      { n: 1, word: 'new' },
      { n: 2, word: 'new' },
    ],
    merge: [
      { n: 1, word: 'new' },
      { n: 2, word: 'new' },
      { n: 9, word: 'old' },
    ],
  }[mode];

  async function prepared() {
    const table = await newTable();
    await test.redshift.database.run(`INSERT INTO ${table} VALUES (1, 'old'), (9, 'old')`);
    return { table, toLoad: some(await csv('1,new'), await csv('2,new')) };
  }

  it('a load writes its rows exactly once, however often and by however many executions it is called', async () => {
    const { table, toLoad } = await prepared();
    expect(await rowsIn(table)).toEqual(before);
    const run = runOf(loadOf(table, mode));
    const loaded = await end(run, toLoad);
    expect(loaded).toMatchObject({ state: 'loaded', objects: 2, rows: { 1: 2 }, error: null });
    const statement = test.redshift.statements.all().find(({ id }) => id === loaded.statement?.id);
    const took = Number(statement?.updatedAt) - Number(statement?.createdAt);
    expect(loaded.seconds).toEqual({ 1: took / 1_000 });
    expect(await rowsIn(table)).toEqual(after);
    // Another execution, which knows nothing: its records are of another place, and the ledger knows. Nobody has
    // counted for it.
    expect(await end({ ...run, index: 1 }, toLoad)).toMatchObject({ state: 'loaded', objects: 2, rows: { 1: null } });
    // Closed anew after a redrive.
    expect(await end({ ...run, closedAt: '2026-01-02T00:00:00.000Z' }, toLoad)).toMatchObject({ state: 'loaded' });
    expect(await rowsIn(table)).toEqual(after);
  });

  it('a load writes each row once, even if its process is killed between any two requests', async () => {
    let steps = 0;
    for (let n = 1; ; n++) {
      const ended = { before: false, after: false };
      for (const when of ['before', 'after'] as const) {
        const { table, toLoad } = await prepared();
        const run = runOf(loadOf(table, mode));
        try {
          await end(run, toLoad, dyingAt(n, when));
          ended[when] = true;
        } catch (error) {
          if (!(error instanceof Killed)) throw error;
        }
        expect(await end(run, toLoad), `killed ${when} request ${n}`).toMatchObject({ state: 'loaded', objects: 2 });
        expect(await rowsIn(table), `killed ${when} request ${n}`).toEqual(after);
      }
      steps = n;
      if (ended.before && ended.after) break;
    }
    expect(steps).toBeGreaterThan(10);
  });

  it('a load that fails at a row changes nothing and reports the place, and a redrive loads the corrected data', async () => {
    const { table } = await prepared();
    const [good, bad] = [await csv('1,new'), await csv('x2,new')];
    const run = runOf(loadOf(table, mode));
    const failed = await end(run, some(good, bad));
    expect(failed).toMatchObject({ state: 'failed', error: { name: 'LoadFailedError' } });
    expect(failed.seconds).toEqual({ 1: expect.any(Number) });
    expect(failed.error?.message).toContain(`${bad.key}, line 2, column n: invalid input syntax`);
    expect(await rowsIn(table)).toEqual(before);
    // Looked at again, it is the same failure, and nothing is submitted.
    const submitted = test.redshift.statements.all().length;
    expect(await advanceLoad(context, run, some(good, bad))).toEqual(failed);
    expect(test.redshift.statements.all()).toHaveLength(submitted);
    await test.store.client.send(new PutObjectCommand({ Bucket: bad.bucket, Key: bad.key, Body: 'n,word\n02,new\n' }));
    const redriven = { ...run, closedAt: '2026-01-02T00:00:00.000Z' };
    expect(await end(redriven, some(good, bad))).toMatchObject({ state: 'loaded', objects: 2 });
    expect(await rowsIn(table)).toEqual(after);
  });

  it('a load adds later objects in a second part after the first part was loaded', async () => {
    const { table } = await prepared();
    const [one, two] = [await csv('1,new'), await csv('2,new')];
    const run = runOf(loadOf(table, mode));
    expect(await end(run, some(one))).toMatchObject({ state: 'loaded', objects: 1 });
    const later = { ...run, closedAt: '2026-01-02T00:00:00.000Z' };
    expect(await end(later, some(one, two))).toMatchObject({ state: 'loaded', objects: 2, rows: { 1: 1, 2: 1 } });
    expect(await rowsIn(table)).toEqual(after);
  });

  it('a load that is cancelled has written nothing', async () => {
    const { table, toLoad } = await prepared();
    const hold = test.redshift.statements.hold(new RegExp(`INSERT INTO "sluice"."${table}"`));
    const run = runOf(loadOf(table, mode));
    expect(await advanceLoad(context, run, toLoad)).toMatchObject({ state: 'loading' });
    await hold.reached;
    expect(await advanceLoad(context, run, toLoad)).toMatchObject({ statement: { state: 'STARTED' } });
    expect(await cancelLoad(context, run, 'time was up')).toMatchObject({
      state: 'cancelled',
      error: { name: 'LoadCancelledError' },
    });
    expect(await rowsIn(table)).toEqual(before);
    expect(await end({ ...run, closedAt: '2026-01-02T00:00:00.000Z' }, toLoad)).toMatchObject({ state: 'loaded' });
    expect(await rowsIn(table)).toEqual(after);
  });
});

it('a load loads 1,000 objects by one manifest', async () => {
  const table = await newTable();
  const many: LoadObject[] = [];
  for (let n = 0; n < 1_000; n++) many.push(await csv(`${n},x`));
  expect(await end(runOf(loadOf(table, 'append')), some(...many))).toMatchObject({
    state: 'loaded',
    objects: 1_000,
    rows: { 1: 1_000 },
  });
  expect(await rowsIn(table)).toHaveLength(1_000);
});

it('a load refuses a merge if a row has no key, or two rows have the same key', async () => {
  const table = await newTable();
  for (const lines of [['1,a', '1,b'], [',a']]) {
    const said = await end(runOf(loadOf(table, 'merge')), some(await csv(...lines)));
    expect(said.error?.message).toMatch(/same keys, or no keys: the load wrote nothing/);
  }
  expect(await rowsIn(table)).toEqual([]);
});

it('a load sets timeout, query group and slots in its own session, and gives the slots back', async () => {
  const table = await newTable();
  const warehouse = { ...settings, slots: 3, queryGroup: "it's ours", statementMinutes: 0.5 };
  const by: LoadContext = { ...context, api: { ...context.api, warehouse }, warehouse };
  await end(runOf(loadOf(table, 'append')), some(await csv('1,a')), by);
  const load = test.redshift.statements.all().findLast(({ parts }) => parts.some(({ sql }) => sql.startsWith('COPY')));
  const copy = load?.parts.find(({ sql }) => sql.startsWith('COPY'));
  expect(copy?.settings).toEqual({ statement_timeout: '30000', query_group: "it''s ours", wlm_query_slot_count: '3' });
  expect(load?.parts.slice(-2).map(({ sql }) => sql)).toEqual(['SET wlm_query_slot_count TO 1', 'RESET query_group']);
});

it('a load ends if it takes longer than its timeout', async () => {
  const table = await newTable();
  const warehouse = { ...settings, statementMinutes: 0.002 };
  const by: LoadContext = { ...context, api: { ...context.api, warehouse }, warehouse };
  test.redshift.statements.hold(/^COPY/);
  const said = await end(runOf(loadOf(table, 'append')), some(await csv('1,a')), by);
  expect(said).toMatchObject({ state: 'failed', error: { message: expect.stringMatching(/statement timeout/) } });
});

it('a load names what is wrong with the table: it is missing, has other columns, or its user lacks a right', async () => {
  const object = await csv('1,a');
  const parquet = {
    columns: [
      { name: 'n', type: 'BIGINT' },
      { name: 'it"s', type: 'VARCHAR' },
      { name: 'list', type: 'INTEGER[]' },
    ],
    isCut: false,
  };
  const asParquet = loadingOf(async () => ({ objects: [object], heldBack: 0, parquet }));
  const missing = await end(runOf(loadOf('raw.none', 'append', { options: {} })), asParquet);
  expect(missing.error?.message).toContain(
    'CREATE TABLE "raw"."none" (\n  "n" BIGINT,\n  "it""s" VARCHAR(65535),\n  "list" SUPER\n);',
  );
  const table = await newTable();
  const fewer = await end(runOf(loadOf(table, 'append', { options: {} })), asParquet);
  expect(fewer.error?.message).toMatch(/the files have 3 columns \(n, it"s, list\) and the table has 2 \(n, word\)/);
  const unknown = await end(runOf(loadOf(table, 'append', { columns: ['n', 'wird'] })), some(object));
  expect(unknown.error?.message).toMatch(/has no column wird; it has n, word/);

  await test.redshift.database.run(
    `CREATE ROLE plain; GRANT USAGE ON SCHEMA raw TO plain; GRANT USAGE, CREATE ON SCHEMA sluice TO plain; GRANT INSERT ON ${table} TO plain`,
  );
  const as = (dbUser: string): LoadContext => {
    const warehouse = { ...settings, dbUser };
    return { ...context, api: { ...context.api, warehouse }, warehouse };
  };
  const notMine = await end(runOf(loadOf(table, 'append')), some(object), as('plain'));
  expect(notMine.error?.message).toMatch(/may not use Sluice's ledger\. Make the user the owner of "sluice"/);
  await test.redshift.database.run(`ALTER TABLE "sluice"."${table}" OWNER TO plain`);
  const mayNot = await end(runOf(loadOf(table, 'merge')), some(object), as('plain'));
  expect(mayNot.error?.message).toContain(`GRANT DELETE, SELECT ON "raw"."${table.slice(4)}" TO "plain"`);
  await test.redshift.database.run(`GRANT DELETE, SELECT ON ${table} TO plain`);
  expect(await end(runOf(loadOf(table, 'merge')), some(object), as('plain'))).toMatchObject({ state: 'loaded' });
  const other = await newTable();
  const noLedger = await end(runOf(loadOf(other, 'append')), some(object), as('stranger'));
  expect(noLedger.error?.message).toMatch(/can't create this table: .*permission denied for schema sluice/);
});

it('a load quotes every name, and no value can change a statement', async () => {
  const hostile = [
    `a"; DROP TABLE t1; --`,
    `'); SELECT 1 --`,
    "Robert'); --",
    ':run',
    '$1',
    '", "',
    'select',
    'ö 漢',
    ' ',
  ];
  for (const [index, evil] of hostile.entries()) {
    const quoted = `"${evil.replaceAll('"', '""')}"`;
    await test.redshift.database.run(
      `CREATE SCHEMA IF NOT EXISTS ${quoted}; CREATE TABLE ${quoted}.${quoted} (${quoted} int, "word" varchar(50))`,
    );
    const load = loadOf(`${evil}.${evil}`, 'merge', {
      keys: [evil],
      columns: [evil, 'word'],
      options: { format: 'csv', headerLines: 1, nullAs: `'); DROP TABLE raw.t1; --` },
    });
    const said = await end(runOf(load, `hostile-${index}`), some(await csv(`1,"it's"`)));
    expect(said, evil).toMatchObject({ state: 'loaded', rows: { 1: 1 } });
    expect(await test.redshift.database.rows(`SELECT * FROM ${quoted}.${quoted}`)).toEqual([
      { [evil]: 1, word: "it's" },
    ]);
  }
  expect(await test.redshift.database.rows('SELECT to_regclass($1) IS NOT NULL AS there', ['raw.t1'])).toEqual([
    { there: true },
  ]);
});

it('a load loads Parquet by position, and distinguishes null and empty values', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-parquet-'));
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    await connection.run(
      `COPY (SELECT * FROM (VALUES (1, '', true, DATE '2026-01-31', 1.5, TIMESTAMP '2026-01-31 12:00:01.5'), (2, NULL, NULL, NULL, NULL, NULL), (3, '\\N', false, NULL, 2, NULL)) AS t(a, b, c, d, e, f)) TO '${folder}/x.parquet' (FORMAT parquet)`,
    );
    const body = await readFile(join(folder, 'x.parquet'));
    const key = 'output/x.parquet';
    await test.store.client.send(new PutObjectCommand({ Bucket: test.store.bucket, Key: key, Body: body }));
    const table = await newTable('n int, word varchar(10), yes boolean, day date, price decimal(9,2), at timestamp');
    const object = { bucket: test.store.bucket, key, bytes: body.length };
    const said = await end(runOf(loadOf(table, 'append', { options: {} })), some(object));
    expect(said).toMatchObject({ state: 'loaded', rows: { 1: 3 } });
    expect(
      await test.redshift.database.rows(
        `SELECT n, word, yes, day::text, price::text, at::text FROM ${table} ORDER BY n`,
      ),
    ).toEqual([
      { n: 1, word: '', yes: true, day: '2026-01-31', price: '1.50', at: '2026-01-31 12:00:01.5' },
      { n: 2, word: null, yes: null, day: null, price: null, at: null },
      { n: 3, word: '\\N', yes: false, day: null, price: '2.00', at: null },
    ]);
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(folder, { recursive: true });
  }
});
