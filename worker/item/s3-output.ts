import { PassThrough } from 'node:stream';
import { Upload } from '@aws-sdk/lib-storage';
import type { OutputSink } from '#processors/contract/output-stream.ts';
import type { Store } from '#run/store.ts';

/** Two parts being sent and one being filled make the 24 MiB that an output uses; 10,000 parts allow 78 GiB. */
const PART_BYTES = 8 * 1_024 * 1_024;
const PARTS_AT_ONCE = 2;

/** Stores an output as an S3 object, with `@aws-sdk/lib-storage`, because outputs need no resuming. */
export function s3Output(store: Store, key: string, contentType: string): OutputSink {
  const body = new PassThrough();
  body.on('error', () => undefined);
  const stored = new Upload({
    client: store.client,
    params: { Bucket: store.bucket, Key: key, Body: body, ContentType: contentType },
    partSize: PART_BYTES,
    queueSize: PARTS_AT_ONCE,
  })
    .done()
    .then(() => undefined);
  stored.catch(() => undefined);

  return {
    // A failed upload does not read its body any further: without the race, the writer would wait for ever.
    write: (chunk) => Promise.race([written(body, chunk), stored]),
    finish() {
      body.end();
      return stored;
    },
    abandon() {
      // Upload.abort() does not wait for parts that are being sent. If the body fails, the upload waits for them and
      // then aborts.
      body.destroy(new Error('the output was abandoned'));
      return stored.catch(() => undefined);
    },
  };
}

function written(body: PassThrough, chunk: Buffer): Promise<void> {
  return new Promise((resolve, reject) => body.write(chunk, (error) => (error ? reject(error) : resolve())));
}
