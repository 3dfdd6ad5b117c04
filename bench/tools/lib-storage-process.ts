/** lib-storage's Upload in a process of its own, which reads its job from standard input. */
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import pMap from 'p-map';
import { Agent, request } from 'undici';
import type { Sizes } from '../harness/lane.ts';

export interface LibStorageInput extends Sizes {
  readonly files: readonly { readonly url: string; readonly key: string }[];
  readonly atOnce: number;
  readonly bucket: string;
  readonly caFile: string | undefined;
}

const input = JSON.parse(await text(process.stdin)) as LibStorageInput;
const { bucket, caFile, connections, partMib } = input;
const client = new S3Client({});
const dispatcher = new Agent({ allowH2: false, connect: caFile === undefined ? {} : { ca: readFileSync(caFile) } });

await pMap(
  input.files,
  async ({ url, key }) => {
    const { statusCode, body } = await request(url, { dispatcher });
    if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`);
    await new Upload({
      client,
      params: { Bucket: bucket, Key: key, Body: body },
      ...(connections !== undefined && { queueSize: connections }),
      ...(partMib !== undefined && { partSize: partMib * 1_048_576 }),
    }).done();
  },
  { concurrency: input.atOnce },
);
// Idle connections would keep the process for a while.
await dispatcher.destroy();
client.destroy();
