import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { publishedKey, stemOf } from '#run/published/destination.ts';
import { publish } from '#run/published/publish.ts';
import { listKeys, type Store } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';

const aws = useEmbeddedAws();
const ITEM = 'a1b2c3d4'.padEnd(32, '0');
const LIST = `tables/trips/_sluice/${ITEM}.json`;

const about = (runId: string) => ({ runId, item: ITEM, name: 'raw/2024-01.csv.gz' });

/** A try's outputs, stored where a worker stores them. */
async function stored(store: Store, runId: string, outputs: Record<string, string>) {
  return Promise.all(
    Object.entries(outputs).map(async ([name, Body]) => {
      const key = `output/${runId}/${ITEM}/1/${name}`;
      await store.client.send(new PutObjectCommand({ Bucket: store.bucket, Key: key, Body }));
      return { name, key, bytes: Body.length };
    }),
  );
}

const keysIn = (store: Store) => Array.fromAsync(listKeys(store, 'tables/'));

async function textOf(store: Store, key: string): Promise<string | undefined> {
  const { Body } = await store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key: key }));
  return Body?.transformToString();
}

async function copyLarge(): Promise<void> {
  throw new Error('nothing here is large');
}

it('a second run replaces what the first one has published, and removes what it does not publish any more', async () => {
  const store = await aws.store();
  const to = { to: 'tables/trips/', mode: 'replace' } as const;
  const first = {
    'data/city=K%C3%B6ln/data_0.parquet': 'old',
    'data/city=Rome/data_0.parquet': 'gone',
    'rejects.jsonl': 'x',
  };
  await publish(store, to, about('first'), await stored(store, 'first', first), copyLarge);
  const [cologne, rome] = ['city=K%C3%B6ln', 'city=Rome'].map(
    (one) => `tables/trips/${one}/2024-01-a1b2c3d4-data_0.parquet`,
  );
  expect(await keysIn(store)).toEqual([LIST, cologne, rome]);

  const second = await stored(store, 'second', { 'data/city=K%C3%B6ln/data_0.parquet': 'newer' });
  const published = await publish(store, to, about('second'), second, copyLarge);
  expect(published).toEqual([{ key: cologne, bytes: 5 }]);
  expect(await keysIn(store)).toEqual([LIST, cologne]);
  expect(await textOf(store, cologne ?? '')).toBe('newer');
  expect(JSON.parse((await textOf(store, LIST)) ?? '')).toMatchObject({ runId: 'second', files: published });
});

it('a run that appends does not change earlier files', async () => {
  const store = await aws.store();
  for (const run of ['one', 'two']) {
    const outputs = await stored(store, run, { 'data.parquet': run });
    await publish(store, { to: 'tables/trips/', mode: 'append' }, about(run), outputs, copyLarge);
  }
  expect(await keysIn(store)).toEqual([
    'tables/trips/2024-01-a1b2c3d4-one-data.parquet',
    'tables/trips/2024-01-a1b2c3d4-two-data.parquet',
    `tables/trips/_sluice/${ITEM}-one.json`,
    `tables/trips/_sluice/${ITEM}-two.json`,
  ]);
});

it('a forged list of published files deletes nothing outside the destination', async () => {
  const store = await aws.store();
  await store.client.send(new PutObjectCommand({ Bucket: store.bucket, Key: 'raw/mine.csv', Body: 'x' }));
  const forged = {
    v: 1,
    runId: 'r',
    item: ITEM,
    name: 'n',
    at: new Date().toISOString(),
    files: [{ key: 'raw/mine.csv', bytes: 1 }],
  };
  await store.client.send(new PutObjectCommand({ Bucket: store.bucket, Key: LIST, Body: JSON.stringify(forged) }));
  await publish(store, { to: 'tables/trips/', mode: 'replace' }, about('r'), [], copyLarge);
  expect(await textOf(store, 'raw/mine.csv')).toBe('x');
});

it('an object that S3 does not copy in one request is copied through the process', async () => {
  const store = await aws.store();
  const copied: string[] = [];
  const outputs = [{ name: 'data.parquet', key: 'output/r/i/1/data.parquet', bytes: 6 * 1_024 ** 3 }];
  await publish(store, { to: 'tables/trips/', mode: 'replace' }, about('r'), outputs, async (from, to) => {
    copied.push(`${from} ${to}`);
  });
  expect(copied).toEqual(['output/r/i/1/data.parquet tables/trips/2024-01-a1b2c3d4-data.parquet']);
});

it.each([
  ['raw/2024-01.csv.gz', '2024-01'],
  ['a/b/Übersicht 1.json', '_bersicht_1'],
  ['profile 1a2b', 'profile_1a2b'],
  ['.csv', '.csv'],
  ['v1.2', 'v1'],
])('the published name of %s is %s', (name, stem) => {
  expect(stemOf(name)).toBe(stem);
});

it('bad rows, and what unpack lists and unpacks for another processor, are not published', () => {
  const kept = ['rejects.jsonl', 'entries.jsonl', 'objects/a.csv', 'data/a.csv/rejects.jsonl'];
  const published = kept.map((name) => publishedKey({ to: 'tables/x/', mode: 'replace' }, about('r'), name));
  expect(published).toEqual(kept.map(() => undefined));
});
