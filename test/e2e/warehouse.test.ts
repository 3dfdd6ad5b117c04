// @module-tag heavy
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { RedriveExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { newCopyRole, WORKGROUP_ARN } from '#local/redshift/set-up.ts';
import { redshiftSchema } from '#run/settings/redshift.ts';
import { useDeployedAws } from '#test/helpers/deployed.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';
import { type DataApi, query } from '#warehouse/data-api.ts';

const aws = await useDeployedAws('warehouse');
/** As the owner of the database. */
const api: DataApi = {
  client: new RedshiftDataClient(aws.client),
  warehouse: redshiftSchema.parse({ workgroup: WORKGROUP_ARN, copyRole: 'default' }),
};
const sql = (...sqls: string[]) => query(api, { name: 'test', sqls });
const user = `"${aws.outputs.WarehouseUser}"`;

/** Whether the source `/absent` is there yet. */
let isThere = false;
let web: Web;
beforeAll(async () => {
  web = await startWeb((request, response) => {
    const path = request.url ?? '';
    if (path === '/absent' && !isThere) return void response.writeHead(404).end();
    if (path === '/present' || path === '/absent') {
      return void response.writeHead(200).end(`n,word\n1,${path.slice(1)}\n2,${path.slice(1)}\n`);
    }
    const body = path.startsWith('/prices')
      ? `id,city,price\n${path.at(-1)},Bonn,1.5\n1${path.at(-1)},Ulm,2\n`
      : 'code,name\nBN,Bonn\nUL,Ulm\n';
    response.writeHead(200, { 'content-type': 'text/csv' }).end(body);
  });
  await newCopyRole(aws, aws.store.bucket);
  await sql(
    'CREATE SCHEMA raw',
    'CREATE SCHEMA sluice',
    'CREATE TABLE raw.prices (id BIGINT, city VARCHAR(100), price DOUBLE PRECISION)',
    'CREATE TABLE raw.stations (code VARCHAR(10), name VARCHAR(100))',
    `CREATE ROLE ${user}`,
    `GRANT USAGE ON SCHEMA raw TO ${user}`,
    `GRANT USAGE, CREATE ON SCHEMA sluice TO ${user}`,
    `GRANT SELECT, INSERT, DELETE ON raw.prices, raw.stations TO ${user}`,
  );
});
afterAll(() => web.stop());

const WAIT = { timeout: 300_000, interval: 500 };
const asParquet = { processor: 'parquet', options: { format: 'csv' } };
const stations = { table: 'raw.stations', mode: 'replace', options: { format: 'csv', headerLines: 1 } };

it('the pipeline loads a run into two tables, Parquet and CSV, and the manifest reports both loads', async () => {
  const input = {
    sources: [
      { url: `${web.url}/prices-1`, key: 'warehouse/prices-1.csv', process: asParquet },
      { url: `${web.url}/prices-2`, key: 'warehouse/prices-2.csv', process: asParquet },
      { url: `${web.url}/stations`, key: 'warehouse/stations.csv', load: stations },
      { url: `${web.url}/left-out`, key: 'warehouse/left-out.csv', load: null },
    ],
    load: { table: 'raw.prices', mode: 'append' },
  };
  const run = await aws.run(input);
  expect(run.cause).toBeUndefined();
  expect(run).toMatchObject({ status: 'SUCCEEDED', manifest: { outcome: 'complete' } });
  expect(run.manifest?.loads).toMatchObject([
    {
      table: 'raw.prices',
      mode: 'append',
      state: 'loaded',
      objects: 2,
      rows: 4,
      heldBack: 0,
      notDone: 0,
      problem: null,
    },
    { table: 'raw.stations', mode: 'replace', state: 'loaded', objects: 1, rows: 2 },
  ]);
  expect(await sql('SELECT * FROM raw.prices ORDER BY id')).toEqual([
    { id: 1, city: 'Bonn', price: 1.5 },
    { id: 2, city: 'Bonn', price: 1.5 },
    { id: 11, city: 'Ulm', price: 2 },
    { id: 12, city: 'Ulm', price: 2 },
  ]);
  expect(await sql('SELECT COUNT(*) AS n FROM raw.stations')).toEqual([{ n: 2 }]);
  const [ledger] = await sql('SELECT run_id, part, objects, manifest FROM sluice."raw.prices"');
  expect(ledger).toMatchObject({ run_id: run.runId, part: 1, objects: 2 });
  expect(ledger?.manifest).toBe(`s3://${aws.store.bucket}/runs/${run.runId}/loads/0/1.manifest`);

  const again = await aws.run({ ...input, sources: input.sources.slice(2, 3) });
  expect(again.manifest?.loads).toMatchObject([{ table: 'raw.stations', state: 'loaded', rows: 2 }]);
  expect(await sql('SELECT COUNT(*) AS n FROM raw.stations')).toEqual([{ n: 2 }]);
});

it('the pipeline fails a run whose table does not exist, with the CREATE TABLE that fits, and loads it after a redrive', async () => {
  const run = await aws.run({
    sources: [{ url: `${web.url}/prices-7`, key: 'warehouse/prices-7.csv' }],
    process: asParquet,
    load: { table: 'raw.later', mode: 'merge', keys: ['id'] },
  });
  expect(run).toMatchObject({ status: 'FAILED', error: 'LoadFailedError', manifest: { outcome: 'failed' } });
  const create = /CREATE TABLE "raw"."later" \([^;]*;/.exec(run.manifest?.loads[0]?.problem?.detail ?? '')?.[0] ?? '';
  expect(create).toContain('"price" DOUBLE PRECISION');
  await sql(create, `GRANT SELECT, INSERT, DELETE ON raw.later TO ${user}`);

  const executionArn = run.manifest?.executionArn ?? '';
  await aws.sfn.send(new RedriveExecutionCommand({ executionArn }));
  const redriven = await aws.end(executionArn);
  expect(redriven.cause).toBeUndefined();
  expect(redriven).toMatchObject({
    status: 'SUCCEEDED',
    manifest: { outcome: 'complete', loads: [{ table: 'raw.later', state: 'loaded', objects: 1, rows: 2 }] },
  });
  expect(await sql('SELECT id FROM raw.later ORDER BY id')).toEqual([{ id: 7 }, { id: 17 }]);
});

const words = { options: { format: 'csv', headerLines: 1 } };

it.each(['append', 'replace', 'merge'] as const)(
  'the retry of a partial run loads the items that the run did not load, once: %s',
  async (mode) => {
    const table = `raw.rest_${mode}`;
    await sql(
      `CREATE TABLE ${table} (n INT, word VARCHAR(20))`,
      `INSERT INTO ${table} VALUES (9, 'old')`,
      `GRANT SELECT, INSERT, DELETE ON ${table} TO ${user}`,
    );
    isThere = false;
    const partial = await aws.run({
      sources: ['present', 'absent'].map((name) => ({ url: `${web.url}/${name}`, key: `rest/${mode}/${name}.csv` })),
      load: { ...words, table, mode, ...(mode === 'merge' && { keys: ['n', 'word'] }) },
    });
    expect(partial.manifest).toMatchObject({
      outcome: 'partial',
      loads: [{ table, state: 'loaded', rows: 2, notDone: 1 }],
    });
    const before = [
      ...(mode === 'replace' ? [] : [{ n: 9, word: 'old' }]),
      { n: 1, word: 'present' },
      { n: 2, word: 'present' },
    ];
    const rows = () => sql(`SELECT n, word FROM ${table} ORDER BY word, n`);
    expect(await rows()).toEqual(before);
    const report = await aws.sluice('report', partial.runId);
    expect(report.out).toMatch(new RegExp(`${table} +${mode} +loaded +2 +1 .*1 item failed or missing`));

    isThere = true;
    const retry = await aws.run({ rerunOf: partial.runId });
    expect(retry.manifest).toMatchObject({
      outcome: 'complete',
      loads: [{ table, state: 'loaded', rows: 2, notDone: 0 }],
    });
    const after = [{ n: 1, word: 'absent' }, { n: 2, word: 'absent' }, ...before].toSorted((a, b) =>
      a.word === b.word ? a.n - b.n : a.word < b.word ? -1 : 1,
    );
    expect(await rows()).toEqual(after);
    // Nothing is left: a second retry has nothing to load.
    const again = await aws.run({ rerunOf: retry.runId });
    expect(again.manifest?.loads ?? []).toEqual([]);
    expect(await rows()).toEqual(after);
  },
);

it('the pipeline cancels the statement of an execution that is stopped, and loads the run when it is redriven', async () => {
  await sql('CREATE TABLE raw.held (n INT, word VARCHAR(20))', `GRANT SELECT, INSERT, DELETE ON raw.held TO ${user}`);
  const ledger = 'INSERT INTO "sluice"\\."raw\\.held"';
  const hold = await aws.redshift.hold(ledger);
  const executionArn = await aws.start({
    sources: [{ url: `${web.url}/present`, key: 'held/present.csv' }],
    load: { ...words, table: 'raw.held', mode: 'append' },
  });
  await hold.reached();
  expect(await aws.redshift.statesOf(ledger)).toEqual(['STARTED']);
  await aws.stop(executionArn);
  await vi.waitUntil(async () => (await aws.redshift.statesOf(ledger))[0] === 'ABORTED', WAIT);
  const runId = executionArn.split(':').at(-1) ?? '';
  await vi.waitUntil(async () => (await aws.sluice('report', runId, '--json')).out.includes('"cancelled"'), WAIT);
  const stopped = await aws.end(executionArn);
  expect(stopped).toMatchObject({ status: 'ABORTED', manifest: { outcome: 'failed' } });
  expect(stopped.manifest?.loads).toMatchObject([
    { table: 'raw.held', state: 'cancelled', objects: 0, problem: { code: 'load-cancelled' } },
  ]);
  expect(await sql('SELECT COUNT(*) AS n FROM raw.held')).toEqual([{ n: 0 }]);

  await aws.sfn.send(new RedriveExecutionCommand({ executionArn }));
  expect((await aws.end(executionArn)).manifest).toMatchObject({ outcome: 'complete', loads: [{ rows: 2 }] });
  expect(await sql('SELECT COUNT(*) AS n FROM raw.held')).toEqual([{ n: 2 }]);
});

it('Plan reports all loads that can never work, in one error', async () => {
  const run = await aws.run({
    sources: [
      { url: `${web.url}/a`, key: 'warehouse/a', load: { table: 'trips', mode: 'append' } },
      { url: `${web.url}/b`, key: 'warehouse/b', load: { table: 'raw.b', mode: 'merge' } },
    ],
  });
  expect(run.error).toBe('InvalidInputError');
  expect(run.cause).toMatch(/sources\[0\]\.load\.table: takes the schema and the table/);
  expect(run.cause).toMatch(/sources\[1\]\.load\.keys: is needed with mode merge/);
});
