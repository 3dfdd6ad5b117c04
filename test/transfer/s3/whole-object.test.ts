import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Landing, startLanding } from '#test/helpers/landing.ts';
import { type S3Fault, type S3FaultProxy, s3Errors, startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';
import { ObjectStore } from '#transfer/s3/object-store.ts';

const BYTES = Buffer.from('hello');
const OBJECT = {
  bytes: BYTES,
  crc: crc32(BYTES),
  metadata: { 'source-url': 'https://example.org/a%20b', empty: '' },
  contentType: 'text/csv; charset=utf-8',
  contentEncoding: 'gzip',
  ifAbsent: false,
};
const { signal } = new AbortController();

let landing: Landing;
let proxy: S3FaultProxy;
let store: (key: string) => ObjectStore;
beforeAll(async () => {
  landing = await startLanding();
  proxy = await startS3FaultProxy(landing.s3.endpoint);
  const client = landing.s3.clientFor(proxy.endpoint);
  store = (key) => new ObjectStore(client, landing.bucket, key);
  // The SDK makes the first call of each kind; all others in this file are made after its pattern.
  await store('first').putOnce(OBJECT, signal);
  await store('first').head(signal);
});
beforeEach(() => proxy.clearRules());
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await landing[Symbol.asyncDispose]();
});

it.each(['plain', 'a b/(c)+*!/ü'])('the engine stores what the SDK would have stored, key %j', async (key) => {
  await store(key).putOnce(OBJECT, signal);
  const other = new ObjectStore(landing.s3.client, landing.bucket, key);
  expect(await store(key).head(signal)).toEqual(await store('first').head(signal));
  expect(await store(key).head(signal)).toEqual(await other.head(signal));
  expect(await other.head(signal)).toMatchObject({ bytes: BYTES.length, metadata: OBJECT.metadata, crc: OBJECT.crc });
});

it('the engine reports a missing object, and a missing permission', async () => {
  expect(await store('nowhere').head(signal)).toBeUndefined();
  proxy.addRules({ when: { operation: 'HeadObject' }, fault: s3Errors.accessDenied });
  expect(await store('nowhere').head(signal)).toBe('forbidden');
});

it.each<[number, S3Fault]>([
  [500, s3Errors.internalError],
  // What a server may send to close an idle connection.
  [408, { kind: 'error', status: 408, code: 'Idle' }],
])('the engine tries again if S3 answers %i', async (_, fault) => {
  proxy.addRules({ when: { operation: 'HeadObject', nth: 1 }, fault });
  const asked = store('first');
  expect(await asked.head(signal)).toMatchObject({ bytes: BYTES.length });
  expect(asked.attempts.repeats).toBe(1);
});

it.each([
  ['another object is there', undefined, { name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } }],
  ['S3 refuses', s3Errors.accessDenied, { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } }],
  ['S3 fails', s3Errors.internalError, { name: 'InternalError', $metadata: { httpStatusCode: 500 } }],
])("the engine throws the SDK's error for %s", async (_why, fault, error) => {
  if (fault !== undefined) proxy.addRules({ when: { operation: 'PutObject' }, fault });
  await expect(store('first').putOnce({ ...OBJECT, ifAbsent: true }, signal)).rejects.toMatchObject(error);
});
