import type { Readable } from 'node:stream';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { Store } from '#run/store.ts';
import { s3Output } from '../item/s3-output.ts';

/** Copies an object through this process, because S3 itself copies at most 5 GiB in one request. */
export async function copyByHand(store: Store, from: string, to: string): Promise<void> {
  const { Body, ContentType = 'application/octet-stream' } = await store.client.send(
    new GetObjectCommand({ Bucket: store.bucket, Key: from }),
  );
  const output = s3Output(store, to, ContentType);
  try {
    for await (const chunk of Body as Readable) await output.write(chunk);
    await output.finish();
  } catch (error) {
    await output.abandon();
    throw error;
  }
}
