import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SourceGuard, testProcessor } from 'sluice/processors';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { shopPrices } from './shop-prices.ts';

const server = createServer(({ url }, response) => {
  if (url === '/empty') return void response.end('<p>sold out</p>');
  const isFirst = url === '/prices';
  const product = isFirst ? '<h2>Lamp</h2><data value="4.25">' : '<h2>Table &amp; chair</h2><data value="99">';
  const next = isFirst ? '<a rel="next" href="/prices?page=2">more</a>' : '';
  response.end(`<article>${product}</data></article>${next}`);
});
beforeAll(() => new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve)));
afterAll(() => void server.close());

const scrape = (path: string) =>
  testProcessor(shopPrices, {
    input: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}` },
    options: { delaySeconds: 0 },
    // Without this guard, requests reach only the public Internet.
    sourceGuard: new SourceGuard({ openRanges: ['127.0.0.0/8'] }),
  });

it('writes the products of all pages', async () => {
  const { result, outputs } = await scrape('/prices');
  expect(result).toEqual({ pages: 2, products: 2 });
  const lines = outputs.get('prices.jsonl')?.content.toString().trim().split('\n') ?? [];
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { name: 'Lamp', price: 4.25 },
    { name: 'Table & chair', price: 99 },
  ]);
});

it('fails for pages without a product', async () => {
  await expect(scrape('/empty')).rejects.toThrow('there is no product on the pages');
});
