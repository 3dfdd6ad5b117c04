import { CopyObjectCommand, DeleteObjectCommand } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import * as z from 'zod';
import { objectsSchema } from '../ledger/records.ts';
import { readJson, type Store, writeJson } from '../store.ts';
import { type Destination, type PublishedItem, publicationKey, publishedKey } from './destination.ts';

/** S3 copies up to 5 GiB in one request. */
const MOST_COPIED_BYTES = 5 * 1_024 ** 3;
const COPIES_AT_ONCE = 8;

export interface Published {
  readonly key: string;
  readonly bytes: number;
}

/** `<to>/_sluice/<item>.json`: all published outputs of an item. */
const publicationSchema = z.object({
  v: z.literal(1),
  runId: z.string(),
  item: z.string(),
  name: z.string(),
  at: z.iso.datetime(),
  files: objectsSchema,
});

/** Copies objects that are too large for one copy request. */
export type CopyLarge = (from: string, to: string) => Promise<void>;

/**
 * Copies an item's outputs to the place where people read them. The processor has already ended, so outputs of a failed
 * attempt are never published.
 *
 * Each object appears whole. The list of objects is written after the last one, and only then are objects removed that
 * the item had published earlier and does not publish any more. So a reader who follows the list sees one version.
 *
 * @param outputs by their names, with the keys under which the attempt stored them.
 */
export async function publish(
  store: Store,
  destination: Destination,
  about: PublishedItem,
  outputs: readonly { readonly name: string; readonly key: string; readonly bytes: number }[],
  copyLarge: CopyLarge,
): Promise<Published[]> {
  const list = publicationKey(destination, about);
  const earlier = await readJson(store, list, publicationSchema);
  const copies = outputs.flatMap((output) => {
    const to = publishedKey(destination, about, output.name);
    return to === undefined ? [] : [{ from: output.key, to, bytes: output.bytes }];
  });
  await pMap(
    copies,
    async ({ from, to, bytes }) => {
      if (bytes > MOST_COPIED_BYTES) return copyLarge(from, to);
      const source = `${store.bucket}/${from.split('/').map(encodeURIComponent).join('/')}`;
      await store.client.send(new CopyObjectCommand({ Bucket: store.bucket, Key: to, CopySource: source }));
    },
    { concurrency: COPIES_AT_ONCE },
  );
  const files = copies.map(({ to, bytes }) => ({ key: to, bytes }));
  const { runId, item, name } = about;
  await writeJson(store, list, { v: 1, runId, item, name, at: new Date().toISOString(), files });
  const there = new Set(files.map(({ key }) => key));
  const stale = (earlier?.files ?? []).filter(({ key }) => !there.has(key) && key.startsWith(destination.to));
  await pMap(stale, ({ key }) => store.client.send(new DeleteObjectCommand({ Bucket: store.bucket, Key: key })), {
    concurrency: COPIES_AT_ONCE,
  });
  return files;
}
