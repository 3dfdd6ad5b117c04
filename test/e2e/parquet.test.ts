import { afterAll, beforeAll, expect, it } from 'vitest';
import { useDeployedAws } from '#test/helpers/deployed.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';

const aws = await useDeployedAws();
let web: Web;
beforeAll(async () => {
  web = await startWeb((_request, response) => {
    response
      .writeHead(200, { 'content-type': 'text/csv' })
      .end('id,city,price\n1,Bonn,1.5\n2,Köln,2\n3,Bonn\n4,Ulm,\n');
  });
});
afterAll(() => web.stop());

it('turns a landed table into Parquet, by the DuckDB that was deployed, and tells of the row it left out', async () => {
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
