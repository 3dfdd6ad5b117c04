// @module-tag heavy
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { RedriveExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, expect, it } from 'vitest';
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

let web: Web;
beforeAll(async () => {
  web = await startWeb((request, response) => {
    const path = request.url ?? '';
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

const asParquet = { processor: 'parquet', options: { format: 'csv' } };
const stations = { table: 'raw.stations', mode: 'replace', options: { format: 'csv', headerLines: 1 } };

it('loads a run into two tables, Parquet and CSV, and the manifest reports both loads', async () => {
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

it('fails a run whose table does not exist, with the CREATE TABLE that fits, and loads it after a redrive', async () => {
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

it('Plan refuses at once everything that can never be loaded', async () => {
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
