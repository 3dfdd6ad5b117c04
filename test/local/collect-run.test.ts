import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { collectRun } from '#local/collect-run.ts';
import { record } from '#run/ledger/ledger.ts';
import type { Store } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { endRun, landedRecord, resultRecord, sourceNamed, writePlan } from '#test/helpers/run.ts';

const aws = useEmbeddedAws();
const never = new AbortController().signal;

let parent: string;
let folder: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'sluice-collect-'));
  folder = join(parent, 'run');
});
afterEach(() => rm(parent, { recursive: true, force: true }));

async function put(store: Store, key: string): Promise<void> {
  await store.client.send(new PutObjectCommand({ Bucket: store.bucket, Key: key, Body: `bytes of ${key}` }));
}

/** A closed run whose landed records name these keys, each with an object unless it is left out. */
async function runWith(
  store: Store,
  keys: readonly string[],
  { absent = '', outputs = [] as string[] } = {},
): Promise<void> {
  const items = keys.map((key, n) => ({ key, item: sourceNamed(`item-${n}`) }));
  const plan = await writePlan(
    store,
    'night',
    items.map(({ item }) => item),
  );
  for (const { key, item } of items) {
    if (key !== absent && !key.includes('..')) await put(store, key);
    await record(store, 'landed', { ...landedRecord('night', item, store.bucket), key });
    if (outputs.length === 0) continue;
    const written = outputs.map((output) => ({ key: output, bytes: 1 }));
    await record(store, 'results', { ...resultRecord('night', item), outputs: written });
  }
  await endRun(store, plan, { forced: true, reason: 'late' });
}

it("the copy of a run to the disk copies the other objects if some keys can't be files, and reports those", async () => {
  const store = await aws.store();
  const long = `long/${'x'.repeat(300)}.csv`;
  await runWith(store, ['a', 'a/b', 'c/d/e', 'c/d', long, 'gone', 'last.csv'], { absent: 'gone' });
  const { objects, notCopied } = await collectRun(store, 'night', folder, never);
  expect(objects.map(({ key }) => key).toSorted()).toHaveLength(3);
  expect(objects.map(({ key }) => key)).toContain('last.csv');
  // Which of the two is first depends on the items' ids.
  expect(notCopied.toSorted()).toEqual([
    expect.stringMatching(/^(a|a\/b) is not copied: another object/),
    expect.stringMatching(/^(c\/d|c\/d\/e) is not copied: another object/),
    expect.stringMatching(/^gone is not copied: it is no longer in the bucket/),
    expect.stringMatching(/^long\/x+\.csv is not copied: a part of its key is longer/),
  ]);
  expect(await readFile(join(folder, 'objects/last.csv'), 'utf8')).toBe('bytes of last.csv');
  expect(await readdir(join(folder, 'run'))).toContain('report.html');
  // No empty file replaces one that could not be copied.
  expect(await readdir(join(folder, 'objects'))).not.toContain('gone');
});

it('the copy of a run to the disk writes nothing outside the folder, whatever keys a record contains', async () => {
  const store = await aws.store();
  const outputs = ['../escaped', '/escaped', 'objects/good', 'output/night/../../../escaped'];
  await runWith(store, ['../../escaped', 'ok/../../../../escaped', '/escaped', 'good'], { outputs });
  const { objects, notCopied } = await collectRun(store, 'night', folder, never);
  expect(objects.map(({ key }) => key)).toEqual(['good']);
  // Three landed keys, and four outputs of each of the four items.
  expect(notCopied).toHaveLength(3 + 4 * 4);
  expect(await readdir(parent)).toEqual(['run']);
  expect((await readdir(folder)).toSorted()).toEqual(['objects', 'run']);
});

it('the copy of a run to the disk keeps the first of two objects that would be one file', async () => {
  const store = await aws.store();
  await runWith(store, ['same', 'same']);
  const { objects, notCopied } = await collectRun(store, 'night', folder, never);
  expect(objects).toHaveLength(1);
  expect(notCopied).toEqual([
    expect.stringMatching(/^same is not copied: another object of the run already uses its file/),
  ]);
});

it('the copy of a run to the disk stops when the signal aborts', async () => {
  const store = await aws.store();
  await runWith(store, ['a']);
  await expect(collectRun(store, 'night', folder, AbortSignal.abort(new Error('stopped')))).rejects.toThrow();
});

it('the copy of a run to the disk copies outputs that are too many for a line of the report, from the result itself', {
  tags: ['heavy'],
}, async () => {
  const store = await aws.store();
  const outputs = Array.from({ length: 1_100 }, (_, n) => `output/night/${n}${`/${'x'.repeat(230)}`.repeat(4)}`);
  const [first = '', last = ''] = [outputs[0], outputs.at(-1)];
  for (const key of [first, last]) await put(store, key);
  await runWith(store, ['good'], { outputs });
  const { objects, notCopied } = await collectRun(store, 'night', folder, never);
  expect(objects.map(({ key }) => key)).toEqual(['good']);
  expect(await readFile(join(folder, first), 'utf8')).toBe(`bytes of ${first}`);
  expect(await readFile(join(folder, last), 'utf8')).toBe(`bytes of ${last}`);
  expect(notCopied).toHaveLength(1_100 - 2);
  // The pieces of the report are no records that a person reads.
  expect(await readdir(join(folder, 'run'))).not.toContain('ends');
});
