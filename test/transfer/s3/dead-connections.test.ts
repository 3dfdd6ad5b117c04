import { once } from 'node:events';
import type { Socket } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startWeb } from '#test/helpers/web.ts';
import { ObjectStore } from '#transfer/s3/object-store.ts';

const CONNECTIONS = 4;
const BYTES = Buffer.alloc(100_000, 'x');
const { signal } = new AbortController();

/**
 * An S3 that resets each connection that it had before, where it is used again: what a Lambda meets that was frozen.
 */
interface ForgetfulS3 {
  readonly url: string;
  /** That have brought a request. */
  readonly connections: number;
  forget(): void;
  stop(): Promise<void>;
}

async function startForgetfulS3(): Promise<ForgetfulS3> {
  const known = new Set<Socket>();
  let forgotten = new Set<Socket>();
  const web = await startWeb(async (request, response) => {
    const { socket } = request;
    known.add(socket);
    if (forgotten.has(socket)) return socket.resetAndDestroy();
    await once(request.resume(), 'end');
    response.setHeader('etag', '"etag"').end();
  });
  return {
    url: web.url,
    get connections() {
      return known.size;
    },
    forget() {
      forgotten = new Set(known);
    },
    stop: () => web.stop(),
  };
}

let s3: ForgetfulS3;
let store: ObjectStore;
beforeEach(async () => {
  s3 = await startForgetfulS3();
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  store = new ObjectStore(
    new S3Client({ endpoint: s3.url, region: 'us-east-1', forcePathStyle: true, credentials }),
    'bucket',
    'key',
  );
  await pMap(Array(CONNECTIONS).keys(), (index) => store.putPart('upload', index + 1, BYTES, 1, signal));
  expect(s3.connections).toBe(CONNECTIONS);
  s3.forget();
});
afterEach(() => s3.stop());

it('the engine sends a part again over a new connection, which counts as no retry', async () => {
  await store.putPart('upload', 9, BYTES, 1, signal);
  expect([s3.connections, store.attempts.repeats]).toEqual([CONNECTIONS + 1, 0]);
});

it('the engine looks at the object over a new connection, which counts as no retry', async () => {
  expect(await store.head(signal)).toMatchObject({ etag: '"etag"' });
  expect([s3.connections, store.attempts.repeats]).toEqual([CONNECTIONS + 1, 0]);
});

it('the engine reads a piped part again, once', async () => {
  let reads = 0;
  const part = await store.putPipedPart(
    'upload',
    9,
    BYTES.length,
    async (write) => {
      reads += 1;
      await write(BYTES);
      return 7;
    },
    signal,
  );
  expect(part).toMatchObject({ etag: '"etag"', crc: 7 });
  expect([s3.connections, store.attempts.repeats, reads]).toEqual([CONNECTIONS + 1, 1, 2]);
});
