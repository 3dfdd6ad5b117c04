import { afterAll, beforeAll, expect, it } from 'vitest';
import { listKeys } from '#run/store.ts';
import { zip } from '#test/helpers/archives.ts';
import { type Ended, useDeployedAws } from '#test/helpers/deployed.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';

const PRICES = 'id,city,price\n1,Bonn,1.5\n2,Köln,2\n3,Bonn\n4,Ulm,\n';

const aws = await useDeployedAws();
/** What the server holds, by path. */
const files = new Map<string, { type: string; content: string | Uint8Array }>();
let web: Web;
beforeAll(async () => {
  web = await startWeb((request, response) => {
    const { type, content } = files.get(request.url ?? '') ?? { type: 'text/csv', content: PRICES };
    response.writeHead(200, { 'content-type': type }).end(content);
  });
});
afterAll(() => web.stop());

it('a worker turns a landed table into Parquet with the deployed DuckDB, and reports the row that it left out', async () => {
  const run = await aws.run({
    sources: [{ url: `${web.url}/prices.csv`, key: 'parquet/prices.csv' }],
    process: { processor: 'parquet', options: { format: 'csv' } },
  });
  expect(run.manifest).toMatchObject({ outcome: 'complete', counts: { done: 1 } });
  const [item] = run.items;
  expect(item?.result).toMatchObject({
    processor: 'parquet',
    result: {
      rows: 3,
      badRows: 1,
      schema: [
        { name: 'id', type: 'BIGINT' },
        { name: 'city', type: 'VARCHAR' },
        { name: 'price', type: 'DOUBLE' },
      ],
    },
  });
  const outputs = new Map(item?.result?.outputs.map(({ key }) => [key.split('/').at(-1), key]));
  const file = Buffer.from(await aws.bytesOf(outputs.get('data.parquet') ?? ''));
  expect(file.toString('latin1', 0, 4)).toBe('PAR1');
  const rejects = Buffer.from(await aws.bytesOf(outputs.get('rejects.jsonl') ?? '')).toString();
  expect(JSON.parse(rejects)).toMatchObject({ line: 4, text: '3,Bonn' });
});

it('publishes a table, replaces it in the next run, removes files that no longer belong to it, and reads it back', async () => {
  const publish = async (options: object): Promise<Ended> => {
    const run = await aws.run({
      sources: [{ url: `${web.url}/trips.csv`, key: 'parquet/trips.csv', ifExists: 'overwrite' }],
      process: { processor: 'parquet', options, to: 'tables/trips/', mode: 'replace' },
    });
    expect(run.manifest).toMatchObject({ outcome: 'complete', counts: { done: 1 } });
    return run;
  };
  const tables = async () => (await Array.fromAsync(listKeys(aws.store, 'tables/trips/'))).sort();

  const [item] = (await publish({ partitionBy: ['city'] })).items;
  const label = `trips-${item?.item.slice(0, 8)}`;
  const list = `tables/trips/_sluice/${item?.item}.json`;
  // Folders as DuckDB writes them and Hive reads them: a percent sign in a key needs care when it is copied.
  const folders = ['city=Bonn', 'city=K%C3%B6ln', 'city=Ulm'];
  const partitions = folders.map((folder) => `tables/trips/${folder}/${label}-data_0.parquet`);
  expect(await tables()).toEqual([list, ...partitions].sort());

  files.set('/trips.csv', { type: 'text/csv', content: 'id,city,price\n5,Kiel,3\n6,Trier,4.5\n' });
  const [again] = (await publish({})).items;
  const key = `tables/trips/${label}-data.parquet`;
  expect(again?.result).toMatchObject({ publishedTo: 'tables/trips/', published: [{ key }] });
  expect(await tables()).toEqual([list, key].sort());

  files.set('/read-back', { type: 'application/vnd.apache.parquet', content: await aws.bytesOf(key) });
  const back = await aws.run({
    sources: [{ url: `${web.url}/read-back`, key: 'parquet/read-back' }],
    process: 'profile',
  });
  expect(back.items[0]?.result?.result).toMatchObject({
    format: 'parquet',
    rows: 2,
    badRows: 0,
    statistics: [
      { name: 'id', type: 'BIGINT', min: '5', max: '6' },
      { name: 'city', type: 'VARCHAR', nulls: 0 },
      { name: 'price', type: 'DOUBLE' },
    ],
  });
});

it('a worker unpacks an archive into objects, converts each, publishes the tables, and lists them all', async () => {
  const content = zip(
    { name: 'README.txt', content: 'read me' },
    { name: '2024/january.csv', content: 'id,city\n1,Bonn\n2,Köln\n' },
    { name: '2024/märz.csv', content: 'id,city\n3,Ulm\n' },
  );
  files.set('/year.zip', { type: 'application/zip', content });
  const run = await aws.run({
    sources: [{ url: `${web.url}/year.zip`, key: 'parquet/year.zip' }],
    process: {
      processor: 'unpack',
      options: { only: ['*.csv'], process: { processor: 'parquet' } },
      to: 'tables/months/',
    },
  });
  expect(run.manifest).toMatchObject({ outcome: 'complete', counts: { done: 1 } });
  const [item] = run.items;
  expect(item?.result?.result).toMatchObject({
    ...{ format: 'zip', unpacked: 2, failed: 0, skipped: 1 },
    entries: [{ name: '2024/january.csv' }, { name: '2024/märz.csv' }],
  });
  const outputs = item?.result?.outputs.map(({ key }) => key) ?? [];
  const object = outputs.find((key) => key.endsWith('/objects/2024/january.csv')) ?? '';
  expect(Buffer.from(await aws.bytesOf(object)).toString()).toBe('id,city\n1,Bonn\n2,Köln\n');
  const list = outputs.find((key) => key.endsWith('/entries.jsonl')) ?? '';
  const lines = Buffer.from(await aws.bytesOf(list))
    .toString()
    .trim()
    .split('\n');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { name: 'README.txt', skipped: 'not selected by the option only' },
    { name: '2024/january.csv', key: object, result: { rows: 2 } },
    { name: '2024/märz.csv', result: { rows: 1 } },
  ]);
  const label = `year-${item?.item.slice(0, 8)}`;
  const published = (await Array.fromAsync(listKeys(aws.store, 'tables/months/'))).sort();
  expect(published).toEqual([
    `tables/months/2024/january.csv/${label}-data.parquet`,
    `tables/months/2024/m%C3%A4rz.csv/${label}-data.parquet`,
    `tables/months/_sluice/${item?.item}.json`,
  ]);
  const table = Buffer.from(await aws.bytesOf(published[0] ?? ''));
  expect(table.toString('latin1', 0, 4)).toBe('PAR1');
});
