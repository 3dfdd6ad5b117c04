import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { openInput } from '#processors/contract/open-input.ts';
import { OutputStream } from '#processors/contract/output-stream.ts';
import type { Store } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { s3Errors, startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';
import { s3Output } from '#worker/item/s3-output.ts';

const aws = useEmbeddedAws();
const MIB = 1_024 * 1_024;
const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A way to S3 that breaks the connection of the first answers to GET after some bytes of their bodies. */
async function breakingWay(upstream: string, breaks: number[]): Promise<{ endpoint: string; ranges: string[] }> {
  const ranges: string[] = [];
  const target = new URL(upstream);
  const server = createServer((incoming, answer) => {
    const onward = httpRequest(
      {
        host: target.hostname,
        port: target.port,
        method: incoming.method,
        path: incoming.url,
        headers: { ...incoming.headers, 'x-sluice-forwarded-to': target.host },
      },
      (from) => {
        answer.writeHead(from.statusCode ?? 500, from.headers);
        if (incoming.method !== 'GET') return void from.pipe(answer);
        ranges.push(incoming.headers.range ?? 'all');
        let left = breaks.shift() ?? Number.POSITIVE_INFINITY;
        from.on('data', (chunk: Buffer) => {
          answer.write(chunk.subarray(0, Math.max(left, 0)));
          left -= chunk.length;
          if (left <= 0) setImmediate(() => incoming.socket.destroy());
        });
        from.on('end', () => answer.end());
      },
    );
    onward.on('error', () => incoming.socket.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ranges };
}

async function stored(
  bytes: number,
): Promise<{ store: Store; object: { bucket: string; key: string; bytes: number }; hash: string }> {
  const store = await aws.store();
  const body = randomBytes(bytes);
  await store.client.send(new PutObjectCommand({ Bucket: store.bucket, Key: 'a/b c.bin', Body: body }));
  return { store, object: { bucket: store.bucket, key: 'a/b c.bin', bytes }, hash: hashOf(body) };
}

const hashOf = (body: Buffer): string => createHash('sha256').update(body).digest('hex');
const never = new AbortController().signal;

async function readAll(input: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of input) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('openInput', () => {
  it('openInput continues by range after a broken connection, as long as it makes progress', async () => {
    const { store, object, hash } = await stored(3 * MIB);
    const way = await breakingWay(aws.client().endpoint, [MIB, 1, 10, MIB, 100, 1_000, 65_536]);
    const client = new S3Client({ ...aws.client(), endpoint: way.endpoint, forcePathStyle: true });
    const body = await readAll(openInput({ ...store, client }, object, never));
    expect(hashOf(body)).toBe(hash);
    expect(way.ranges).toHaveLength(8);
    expect(way.ranges.slice(0, 2)).toEqual(['all', expect.stringMatching(/^bytes=\d+-$/)]);
  });

  it('openInput never joins two versions of an object', async () => {
    const { store, object } = await stored(MIB);
    const way = await breakingWay(aws.client().endpoint, [1_000]);
    const client = new S3Client({ ...aws.client(), endpoint: way.endpoint, forcePathStyle: true });
    const input = openInput({ ...store, client }, object, never);
    await once(input, 'readable');
    await store.client.send(
      new PutObjectCommand({ Bucket: store.bucket, Key: object.key, Body: randomBytes(object.bytes) }),
    );
    await expect(readAll(input)).rejects.toMatchObject({ name: 'InputChangedError' });
  });

  it('openInput fails if no more bytes come', async () => {
    const { store, object } = await stored(MIB);
    const way = await breakingWay(aws.client().endpoint, [MIB / 2, ...Array(50).fill(0)]);
    const client = new S3Client({ ...aws.client(), endpoint: way.endpoint, forcePathStyle: true, maxAttempts: 1 });
    await expect(readAll(openInput({ ...store, client }, object, never))).rejects.toThrow();
    expect(way.ranges.length).toBeLessThan(10);
  });

  it('openInput names an object that does not exist any more, and reads an empty one', async () => {
    const { store, object } = await stored(0);
    expect(await readAll(openInput(store, object, never))).toHaveLength(0);
    await store.client.send(new DeleteObjectCommand({ Bucket: store.bucket, Key: object.key }));
    await expect(readAll(openInput(store, object, never))).rejects.toMatchObject({ name: 'InputGoneError' });
  });

  it('openInput stops with its signal', async () => {
    const { store, object } = await stored(4 * MIB);
    const stop = new AbortController();
    const input = openInput(store, object, stop.signal);
    await once(input, 'readable');
    stop.abort(new Error('enough'));
    await expect(readAll(input)).rejects.toThrow();
  });
});

describe('an output', () => {
  const output = (store: Store, errors: Error[] = []) =>
    new OutputStream(s3Output(store, 'out/file.bin', 'application/octet-stream'), (error) => errors.push(error));

  async function uploadsOpen(store: Store): Promise<number> {
    const answer = await store.client.send(new ListMultipartUploadsCommand({ Bucket: store.bucket }));
    return answer.Uploads?.length ?? 0;
  }
  async function content(store: Store): Promise<Buffer> {
    const answer = await store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key: 'out/file.bin' }));
    return Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
  }

  it.each([
    ['nothing', 0],
    ['a few bytes', 10],
    ['several parts', 20 * MIB + 7],
  ])('an output of %s is stored when the stream has finished', async (_name, bytes) => {
    const store = await aws.store();
    const body = randomBytes(bytes);
    const stream = output(store);
    for (let at = 0; at < bytes; at += 100_000) {
      if (!stream.write(body.subarray(at, at + 100_000))) await once(stream, 'drain');
    }
    stream.end();
    await finished(stream);
    expect(hashOf(await content(store))).toBe(hashOf(body));
    expect(stream.bytes).toBe(bytes);
    expect(await uploadsOpen(store)).toBe(0);
  });

  it('an abandoned output leaves neither an object nor parts', async () => {
    const store = await aws.store();
    const stream = output(store);
    for (let count = 0; count < 18; count++) if (!stream.write(randomBytes(MIB))) await once(stream, 'drain');
    await expect.poll(() => uploadsOpen(store)).toBe(1);
    await stream.giveUp();
    expect(await uploadsOpen(store)).toBe(0);
    await expect(content(store)).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it('an output that S3 refuses fails its writer at once, and leaves nothing', async () => {
    const store = await aws.store();
    await using proxy = await startS3FaultProxy(aws.client().endpoint, {
      rules: [{ when: { operation: 'UploadPart', partNumber: 2 }, fault: s3Errors.accessDenied }],
    });
    const client = new S3Client({ ...aws.client(), endpoint: proxy.endpoint, forcePathStyle: true });
    const errors: Error[] = [];
    const stream = output({ ...store, client }, errors);
    const written = (async () => {
      for (let count = 0; count < 64; count++) if (!stream.write(randomBytes(MIB))) await once(stream, 'drain');
      stream.end();
      await finished(stream);
    })();
    await expect(written).rejects.toMatchObject({ name: 'AccessDenied' });
    expect(errors).toMatchObject([{ name: 'AccessDenied' }]);
    await stream.giveUp();
    expect(await uploadsOpen(store)).toBe(0);
  });
});
