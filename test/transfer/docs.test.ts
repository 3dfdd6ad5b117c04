import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SourceGuard } from '#net/guard/source-guard.ts';
import { type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { startSourceServer } from '#test/helpers/source-server.ts';
import { type Landed, openTransfer, type RangedTransfer } from '#transfer/index.ts';

const MIB = 1_048_576;
const ROOT = join(import.meta.dirname, '../..');

/** What the examples of the documentation export. */
interface Examples {
  land(url: string, client: S3Client, bucket: string, guard: SourceGuard): Promise<Landed>;
  inSlices(transfer: RangedTransfer, sliceBytes: number): Promise<Landed>;
}

let landing: Landing;
let folder: string;
let examples: Examples;
beforeAll(async () => {
  landing = await startLanding();
  // Inside the project, so that its import aliases hold.
  folder = join(ROOT, '.sluice', `docs-${process.pid}`);
  await mkdir(folder, { recursive: true });
  const text = await readFile(join(ROOT, 'docs/transfer.md'), 'utf8');
  const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  const modules = await Promise.all(
    blocks.map(async (block, index) => {
      const file = join(folder, `example-${index}.ts`);
      await writeFile(file, block);
      return import(pathToFileURL(file).href) as Promise<Partial<Examples>>;
    }),
  );
  examples = Object.assign({}, ...modules);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await landing[Symbol.asyncDispose]();
});

it('a transfer lands in one call, as documented', async () => {
  await using source = await startSourceServer({ file: { seed: 'v1', length: 20 * MIB } });
  const landed = await examples.land(source.url, landing.s3.client, landing.bucket, LOOPBACK);
  await landing.expectLanded('prices/today.csv', 'v1', 20 * MIB, landed);
});

it('a transfer lands in slices, as documented', async () => {
  await using source = await startSourceServer({ file: { seed: 'v1', length: 20 * MIB } });
  const destination = landing.destination('slices');
  const options = { guard: LOOPBACK, bufferBytes: 5 * MIB };
  const opened = await openTransfer({ url: source.url }, destination, options);
  if (opened.kind !== 'ranged') throw new Error(opened.kind);
  const landed = await examples.inSlices(opened.transfer, 10 * MIB);
  await landing.expectLanded('slices', 'v1', 20 * MIB, landed);
  expect(landed.notes).toEqual([]);
});
