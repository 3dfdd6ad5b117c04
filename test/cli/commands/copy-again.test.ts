import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { environmentFor, runSluice, startSluice } from '#test/helpers/cli.ts';
import { type S3FaultProxy, startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';
import { type S3Server, startS3Server } from '#test/helpers/s3-server.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';

const MIB = 1_048_576;
const BUCKET = 'again';
/** Several parts of 8 MiB, behind the first 5 MiB. */
const LENGTH = 30 * MIB;
const file = Buffer.alloc(LENGTH, 'what is copied must be what was there. ');

let s3: S3Server;
let proxy: S3FaultProxy;
let web: Web;
let folder: string;
/** What the source answers in this test. */
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeAll(async () => {
  s3 = await startS3Server();
  proxy = await startS3FaultProxy(s3.endpoint);
  await s3.client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  web = await startWeb((request, response) => answer(request, response));
});
afterAll(async () => {
  await web.stop();
  await proxy.stop();
  await s3.stop();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-copy-'));
  proxy.clearRules();
  return () => rm(folder, { recursive: true, force: true });
});

const env = () => environmentFor(s3, folder, proxy.endpoint);

/** Serves ranges, and notes the first byte and the length of each. From `brokenFrom` on, each answer is an error. */
function ranges(brokenFrom = Number.POSITIVE_INFINITY) {
  const read: { first: number; bytes: number }[] = [];
  answer = (request, response) => {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const first = Number(from);
    if (first >= brokenFrom) return void response.writeHead(500).end();
    const piece = file.subarray(first, Number(to) + 1);
    read.push({ first, bytes: piece.length });
    const range = `bytes ${first}-${first + piece.length - 1}/${LENGTH}`;
    response.writeHead(206, { etag: '"one"', 'content-length': piece.length, 'content-range': range }).end(piece);
  };
  return read;
}

const commandFor = (key: string) => [
  'copy',
  `${web.url}/${key}`,
  `s3://${BUCKET}/${key}`,
  '--connections',
  '2',
  '--json',
];

async function uploadsOf(key: string): Promise<string[]> {
  const { Uploads = [] } = await s3.client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
  return Uploads.flatMap(({ Key, UploadId = '' }) => (Key === key ? [UploadId] : []));
}

/** What S3 has got of the key's open upload. */
async function partsOf(key: string): Promise<{ number: number; bytes: number }[]> {
  const [UploadId] = await uploadsOf(key);
  if (UploadId === undefined) return [];
  const { Parts = [] } = await s3.client.send(new ListPartsCommand({ Bucket: BUCKET, Key: key, UploadId }));
  return Parts.map(({ PartNumber = 0, Size = 0 }) => ({ number: PartNumber, bytes: Size }));
}

const sum = (ranges: readonly { readonly bytes: number }[]) => ranges.reduce((all, { bytes }) => all + bytes, 0);
const savedFiles = () => readdir(join(folder, 'sluice/copies'));

async function expectLanded(key: string): Promise<void> {
  const { Body } = await s3.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
  const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  expect(hash((await Body?.transformToByteArray()) ?? Buffer.of())).toBe(hash(file));
  expect([await savedFiles(), await uploadsOf(key)]).toEqual([[], []]);
}

it('sluice copy ends with an error if the source fails too often, and the next call reads only the bytes that S3 lacks', {
  tags: ['heavy'],
}, async () => {
  const key = 'source-fails.bin';
  ranges(20 * MIB);
  const first = await runSluice(commandFor(key), env());
  expect([first.code, JSON.parse(first.out)]).toMatchObject([1, { problem: { code: 'source-unavailable' } }]);
  const [kept, [upload]] = [await partsOf(key), await uploadsOf(key)];
  expect(sum(kept)).toBeGreaterThan(0);
  expect(await savedFiles()).toEqual([expect.stringMatching(/\.json$/)]);

  const read = ranges();
  const second = await runSluice(commandFor(key), env());
  expect([second.code, JSON.parse(second.out)]).toMatchObject([0, { status: 'landed', resumedBytes: sum(kept) }]);
  expect(sum(read)).toBe(LENGTH - sum(kept));
  expect(proxy.endedUploads).toContain(upload);
  await expectLanded(key);
});

it('sluice copy ends with an error if S3 fails too often, and the next call reads only the bytes that S3 lacks', {
  tags: ['heavy'],
}, async () => {
  const key = 's3-fails.bin';
  ranges();
  proxy.addRules({
    when: { operation: 'UploadPart', nth: (nth) => nth > 2 },
    fault: { kind: 'error', status: 500, code: 'InternalError' },
  });
  const first = await runSluice(commandFor(key), env());
  expect([first.code, JSON.parse(first.out)]).toMatchObject([1, { problem: { code: 'storage-failed' } }]);
  const [kept, [upload]] = [await partsOf(key), await uploadsOf(key)];
  expect(kept).toHaveLength(2);
  expect(await savedFiles()).toEqual([expect.stringMatching(/\.json$/)]);

  proxy.clearRules();
  const read = ranges();
  const second = await runSluice(commandFor(key), env());
  expect([second.code, JSON.parse(second.out)]).toMatchObject([0, { status: 'landed', resumedBytes: sum(kept) }]);
  expect(sum(read)).toBe(LENGTH - sum(kept));
  expect(proxy.endedUploads).toContain(upload);
  await expectLanded(key);
});

it('sluice copy sends each call again that S3 asks to slow down', async () => {
  const key = 'slow-down.bin';
  ranges();
  const operations = ['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'] as const;
  proxy.addRules(
    ...operations.map((operation) => ({
      when: { operation, nth: 1 },
      fault: { kind: 'error', status: 503, code: 'SlowDown' } as const,
    })),
  );
  const before = proxy.happened.length;
  const { code, out } = await runSluice(commandFor(key), env());
  expect([code, JSON.parse(out)]).toMatchObject([0, { status: 'landed', retries: operations.length }]);
  expect(proxy.happened.slice(before).map(({ request }) => request.operation)).toEqual(operations);
  await expectLanded(key);
});

it('sluice copy of a source without ranges begins anew after a kill, and leaves no upload open', async () => {
  const key = 'one-stream.bin';
  let sent = 0;
  let most = 20 * MIB;
  answer = (_, response) => {
    response.writeHead(200, { etag: '"one"', 'content-length': LENGTH });
    const go = (at: number): void => {
      if (at >= LENGTH || response.destroyed) return void response.end();
      if (at >= most) return void setTimeout(go, 20, at);
      sent += MIB;
      response.write(file.subarray(at, at + MIB), () => go(at + MIB));
    };
    go(0);
  };
  const first = startSluice(commandFor(key), env());
  await vi.waitUntil(async () => (await partsOf(key)).length > 0, { timeout: 100_000, interval: 50 });
  first.child.kill('SIGKILL');
  await first.ended;
  const [upload] = await uploadsOf(key);
  expect(upload).toBeDefined();

  most = LENGTH;
  sent = 0;
  const second = await runSluice(commandFor(key), env());
  expect([second.code, JSON.parse(second.out)]).toMatchObject([0, { status: 'landed', resumedBytes: 0 }]);
  expect(sent).toBe(LENGTH);
  expect(proxy.endedUploads).toContain(upload);
  await expectLanded(key);
});

it('sluice copy with --expect-sha256 reads all bytes again after a kill, and sends only the parts that S3 lacks', async () => {
  const key = 'with-hash.bin';
  const command = [...commandFor(key), '--expect-sha256', createHash('sha256').update(file).digest('hex')];
  ranges();
  const serve = answer;
  answer = (request, response) => {
    // No answer: this is how the source stays until the process is killed.
    if (Number(/^bytes=(\d+)/.exec(request.headers.range ?? '')?.[1]) < 20 * MIB) serve(request, response);
  };
  const first = startSluice(command, env());
  await vi.waitUntil(async () => (await partsOf(key)).length > 0, { timeout: 100_000, interval: 50 });
  first.child.kill('SIGKILL');
  await first.ended;
  const [kept, [upload]] = [await partsOf(key), await uploadsOf(key)];

  const read = ranges();
  const second = await runSluice(command, env());
  expect([second.code, JSON.parse(second.out)]).toMatchObject([0, { status: 'landed' }]);
  const { proofs, resumedBytes, readAgainBytes } = JSON.parse(second.out);
  expect(proofs.held).toContain('expect.sha256');
  expect(resumedBytes).toBeGreaterThanOrEqual(sum(kept));
  expect(resumedBytes).toBeLessThan(LENGTH);
  expect(readAgainBytes).toBe(resumedBytes);
  expect(sum(read)).toBe(LENGTH);
  const requests = kept.map(
    ({ number }) => proxy.parts.find((part) => part.uploadId === upload && part.partNumber === number)?.requests,
  );
  expect(requests).toEqual(kept.map(() => 1));
  expect(proxy.parts.filter(({ uploadId }) => uploadId === upload).length).toBeGreaterThan(kept.length);
  await expectLanded(key);
});
