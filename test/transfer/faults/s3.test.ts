// @module-tag heavy

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasty, type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { type S3FaultProxy, type S3FaultRule, s3Errors, startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';
import { faults, startSourceServer } from '#test/helpers/source-server.ts';
import { type Destination, type TransferOptions, transfer } from '#transfer/index.ts';

const MIB = 1_048_576;
const LENGTH = 11 * MIB + 5;
const OPTIONS: TransferOptions = { guard: LOOPBACK, bufferBytes: 5 * MIB, connections: 2 };

let landing: Landing;
let proxy: S3FaultProxy;
beforeAll(async () => {
  landing = await startLanding();
});
beforeEach(async () => {
  proxy = await startS3FaultProxy(landing.s3.endpoint);
});
afterEach(() => proxy.stop());
afterAll(() => landing[Symbol.asyncDispose]());

interface Case {
  readonly name: string;
  readonly rules: readonly S3FaultRule[];
  readonly length?: number;
  readonly destination?: Partial<Destination>;
  /** The error's name; without it the identical object has to land. */
  readonly error?: string;
}

const part = { operation: 'UploadPart', partNumber: 2, nth: 1 } as const;
const complete = { operation: 'CompleteMultipartUpload', nth: 1 } as const;
const put = { operation: 'PutObject', nth: 1 } as const;
const SMALL = 1_000;

const cases: Case[] = [
  { name: 'a part answered 500', rules: [{ when: part, fault: s3Errors.internalError }] },
  { name: 'a part answered SlowDown', rules: [{ when: part, fault: s3Errors.slowDown }] },
  {
    name: 'parts answered SlowDown at random',
    rules: [{ when: { operation: 'UploadPart', probability: 0.6 }, fault: s3Errors.slowDown }],
  },
  { name: 'a part answered RequestTimeout', rules: [{ when: part, fault: s3Errors.requestTimeout }] },
  { name: 'a part answered before it was read', rules: [{ when: part, fault: { ...s3Errors.slowDown, early: true } }] },
  { name: 'a part whose connection is reset at once', rules: [{ when: part, fault: { kind: 'reset-before' } }] },
  {
    name: 'a part whose connection is reset half-way',
    rules: [{ when: part, fault: { kind: 'reset-before', afterBytes: MIB } }],
  },
  { name: 'a part whose answer is lost', rules: [{ when: part, fault: { kind: 'lost-answer' } }] },
  { name: 'a part refused for its digest', rules: [{ when: part, fault: s3Errors.badDigest }] },
  {
    name: 'a part that stalls for ever',
    rules: [{ when: part, fault: { kind: 'stall' } }],
    destination: { stallSeconds: 1.5 },
  },
  {
    name: 'a part that is read slowly',
    // The part takes longer than the limit in all, and never that long without a byte.
    rules: [{ when: part, fault: { kind: 'slow-read', bytesPerSecond: 0.5 * MIB } }],
    // A Create whose answer took longer than this would leave an upload: no busy machine may do that here.
    destination: { stallSeconds: 8 },
  },
  {
    name: 'parts refused for good',
    rules: [{ when: { operation: 'UploadPart' }, fault: s3Errors.accessDenied }],
    error: 'StorageError',
  },
  { name: 'a part with an expired token', rules: [{ when: part, fault: s3Errors.expiredToken }] },
  { name: 'a part whose upload has vanished', rules: [{ when: part, fault: s3Errors.noSuchUpload }] },
  {
    name: 'Create answered 500',
    rules: [{ when: { operation: 'CreateMultipartUpload', nth: 1 }, fault: s3Errors.internalError }],
  },
  {
    name: 'Create refused',
    rules: [{ when: { operation: 'CreateMultipartUpload' }, fault: s3Errors.accessDenied }],
    error: 'StorageError',
  },
  {
    name: 'ListParts answered SlowDown',
    rules: [{ when: { operation: 'ListParts', nth: [1, 2] }, fault: s3Errors.slowDown }],
  },
  { name: 'Complete answered 500, and not done', rules: [{ when: complete, fault: s3Errors.internalError }] },
  {
    name: 'Complete answered 500, but done',
    rules: [{ when: complete, fault: { kind: 'done-but-error', status: 500, code: 'InternalError' } }],
  },
  {
    name: 'Complete answered 200 with an error',
    rules: [{ when: complete, fault: { kind: 'error-in-200', code: 'InternalError', milliseconds: 200 } }],
  },
  {
    name: 'Complete answered 200 with an error, but done',
    rules: [{ when: complete, fault: { kind: 'error-in-200', code: 'InternalError', done: true } }],
  },
  { name: 'Complete whose answer is lost', rules: [{ when: complete, fault: { kind: 'lost-answer' } }] },
  {
    name: 'Complete whose answer is lost, then NoSuchUpload',
    rules: [
      { when: complete, fault: { kind: 'lost-answer' } },
      { when: { operation: 'HeadObject', nth: 2 }, fault: s3Errors.slowDown },
    ],
  },
  {
    name: 'Complete that stalls',
    rules: [{ when: complete, fault: { kind: 'stall' } }],
    destination: { stallSeconds: 0.6 },
  },
  { name: 'Complete reset before it arrives', rules: [{ when: complete, fault: { kind: 'reset-before' } }] },
  {
    name: 'Complete with white space before its answer',
    rules: [{ when: complete, fault: { kind: 'white-space', milliseconds: 500 } }],
  },
  {
    name: 'Complete with InvalidPart twice',
    rules: [{ when: { operation: 'CompleteMultipartUpload', nth: [1, 2] }, fault: s3Errors.invalidPart }],
  },
  {
    name: 'Complete with InvalidPart for ever',
    rules: [{ when: { operation: 'CompleteMultipartUpload' }, fault: s3Errors.invalidPart }],
    error: 'StorageError',
  },
  {
    name: 'Complete with BadDigest',
    rules: [{ when: { operation: 'CompleteMultipartUpload' }, fault: s3Errors.badDigest }],
    error: 'StorageError',
  },
  { name: 'Complete of a vanished upload', rules: [{ when: complete, fault: s3Errors.noSuchUpload }] },
  {
    name: 'Complete with 409',
    rules: [{ when: complete, fault: s3Errors.conditionalConflict }],
    destination: { ifExists: 'fail' },
  },
  {
    name: 'Complete with 412 of our own, behind a lost answer',
    rules: [{ when: complete, fault: { kind: 'done-but-error', status: 412, code: 'PreconditionFailed' } }],
    destination: { ifExists: 'fail' },
  },
  {
    name: 'Complete with 412, and no object',
    rules: [{ when: complete, fault: s3Errors.preconditionFailed }],
    destination: { ifExists: 'fail' },
  },
  { name: 'PutObject answered 500', length: SMALL, rules: [{ when: put, fault: s3Errors.internalError }] },
  { name: 'PutObject whose answer is lost', length: SMALL, rules: [{ when: put, fault: { kind: 'lost-answer' } }] },
  {
    name: 'PutObject whose answer is lost, where nothing may be replaced',
    length: SMALL,
    rules: [{ when: put, fault: { kind: 'lost-answer' } }],
    destination: { ifExists: 'fail' },
  },
  {
    name: 'PutObject with 409',
    length: SMALL,
    rules: [{ when: put, fault: s3Errors.conditionalConflict }],
    destination: { ifExists: 'fail' },
  },
  {
    name: 'PutObject refused',
    length: SMALL,
    rules: [{ when: { operation: 'PutObject' }, fault: s3Errors.accessDenied }],
    error: 'StorageError',
  },
  {
    name: 'an Abort answered 500',
    rules: [
      { when: { operation: 'AbortMultipartUpload', nth: 1 }, fault: s3Errors.internalError },
      { when: { operation: 'CompleteMultipartUpload' }, fault: s3Errors.accessDenied },
    ],
    error: 'StorageError',
  },
  { name: 'a Head that is forbidden', rules: [{ when: { operation: 'HeadObject' }, fault: s3Errors.accessDenied }] },
];

const ways = { ranges: OPTIONS, 'piped ranges': { ...OPTIONS, bufferBytes: MIB }, 'one stream': OPTIONS };

describe.each(Object.entries(ways))('S3 faults, from %s', (way, options) => {
  it.each(cases)('$name → $error', async ({ name, rules, length = LENGTH, destination, error }) => {
    proxy.addRules(...rules);
    await using source = await startSourceServer({
      file: { seed: 'v1', length },
      rules: way === 'one stream' ? [{ faults: faults.ignoreRange() }] : [],
    });
    const key = `${way}/${name}`.replace(/[^a-z0-9/]/gi, '-');
    const to = landing.destination(key, { client: landing.s3.clientFor(proxy.endpoint), ...destination });
    if (error === undefined) {
      const landed = await transfer(hasty(source.url), to, options);
      await landing.expectLanded(key, 'v1', length, landed);
    } else {
      await expect(transfer(hasty(source.url), to, options)).rejects.toMatchObject({ name: error });
      await landing.expectNothing(key);
    }
    // One stream lists no parts.
    if (!name.startsWith('ListParts')) expect(proxy.happened.length).toBeGreaterThan(0);
  });
});
