import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasty, type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import {
  type S3Fault,
  type S3FaultProxy,
  type S3Operation,
  s3Errors,
  startS3FaultProxy,
} from '#test/helpers/s3-fault-proxy.ts';
import { headObject, openUploads } from '#test/helpers/s3-objects.ts';
import { contentHashes, faults, startSourceServer } from '#test/helpers/source-server.ts';
import { type Destination, type TransferOptions, transfer } from '#transfer/index.ts';

const MIB = 1_048_576;
const LARGE = 11 * MIB + 5;
const SMALL = 1_000;
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

interface Landed {
  readonly length?: number;
  readonly ifExists?: Destination['ifExists'];
  readonly expect?: { sha256: string };
  readonly plain?: boolean;
  readonly options?: TransferOptions;
}

async function land(key: string, { length = LARGE, ifExists, expect: expected, plain, options }: Landed = {}) {
  const rules = plain ? [{ faults: faults.ignoreRange() }] : [];
  await using source = await startSourceServer({ file: { seed: 'v1', length }, rules });
  const client = landing.s3.clientFor(proxy.endpoint);
  const to = landing.destination(key, { client, ...(ifExists && { ifExists }) });
  return await transfer(hasty(source.url, expected && { expect: expected }), to, { ...OPTIONS, ...options });
}

describe("a page with 200 in S3's place", () => {
  const html: S3Fault = { kind: 'html' };
  const htmlButDone: S3Fault = { kind: 'html', done: true };

  it('a page with status 200 and an ETag for every PutObject is not a landed object', async () => {
    proxy.addRules({ when: { operation: 'PutObject' }, fault: { ...html, etag: '"5d8c72a5edda8"' } });
    await expect(land('html/etag', { length: SMALL })).rejects.toThrow(/answered by 200 with a page/);
    await landing.expectNothing('html/etag');
    proxy.clearRules();
    // Now the engine has learnt how this bucket is called, and sends the request itself.
    await landing.expectLanded('html/plain', 'v1', SMALL, await land('html/plain', { length: SMALL }));
    proxy.addRules({ when: { operation: 'PutObject' }, fault: { ...html, etag: '"5d8c72a5edda8"' } });
    await expect(land('html/etag', { length: SMALL })).rejects.toThrow(/answered by 200 with a page/);
    await landing.expectNothing('html/etag');
  });

  it("a page with an error's status is reported as such", async () => {
    proxy.addRules({ when: { operation: 'PutObject' }, fault: { kind: 'html', status: 403 } });
    await expect(land('html/403', { length: SMALL })).rejects.toThrow(
      /PutObject failed: HTTP 403 with a body that is not S3's \(text\/html\)$/,
    );
  });

  it.each<[S3Operation, number]>([
    ['CompleteMultipartUpload', LARGE],
    ['PutObject', SMALL],
    ['CreateMultipartUpload', LARGE],
  ])('a page with status 200 for every %s is not a landed object, and leaves no upload', async (operation, length) => {
    proxy.addRules({ when: { operation }, fault: html });
    const key = `html/${operation}`;
    await expect(land(key, { length })).rejects.toMatchObject({ name: 'StorageError' });
    await landing.expectNothing(key);
  });

  it.each<[S3Operation, number]>([
    ['CompleteMultipartUpload', LARGE],
    ['PutObject', SMALL],
  ])('a page with status 200 for a %s that was done is resolved by Head', async (operation, length) => {
    proxy.addRules({ when: { operation }, fault: htmlButDone });
    const key = `html-done/${operation}`;
    await landing.expectLanded(key, 'v1', length, await land(key, { length }));
    expect(proxy.operations(operation)).toBe(1);
  });

  it.each<[S3Operation, number]>([
    ['CompleteMultipartUpload', LARGE],
    ['PutObject', SMALL],
    ['UploadPart', LARGE],
    ['HeadObject', SMALL],
    ['CreateMultipartUpload', LARGE],
  ])('a page with status 200 for one %s is followed by another try', async (operation, length) => {
    proxy.addRules({ when: { operation, nth: 1 }, fault: html });
    const key = `html-once/${operation}`;
    await landing.expectLanded(key, 'v1', length, await land(key, { length, ifExists: 'skip' }));
  });
});

describe('Create', () => {
  it.each([100, 1_000])(
    'a Create that the caller aborts leaves no upload, answered after %i ms',
    async (milliseconds) => {
      proxy.addRules({ when: { operation: 'CreateMultipartUpload' }, fault: { kind: 'stall', milliseconds } });
      const stop = new AbortController();
      const key = `abort-create/${milliseconds}`;
      const landed = land(key, { options: { signal: stop.signal } });
      landed.catch(() => {});
      await expect.poll(() => proxy.operations('CreateMultipartUpload'), { interval: 5 }).toBe(1);
      stop.abort(new Error('enough'));
      await expect(landed).rejects.toThrow('enough');
      await landing.expectNothing(key);
    },
  );

  it.each<[string, S3Fault]>([
    ['is lost', { kind: 'lost-answer' }],
    ['is an error', { kind: 'done-but-error', status: 500, code: 'InternalError' }],
    ['is a page', { kind: 'html', done: true }],
  ])('a Create whose answer %s leaves no upload', async (name, fault) => {
    const first = { operation: 'CreateMultipartUpload', nth: 1 } as const;
    proxy.addRules(
      { when: first, fault },
      { when: { operation: 'CreateMultipartUpload' }, fault: s3Errors.accessDenied },
    );
    const key = `lost-create/${name.replaceAll(' ', '-')}`;
    await expect(land(key)).rejects.toMatchObject({ name: 'StorageError' });
    await landing.expectNothing(key);
    if (fault.kind === 'html') return;
    proxy.clearRules();
    proxy.addRules({ when: first, fault });
    await landing.expectLanded(key, 'v1', LARGE, await land(key));
  });

  it('a Create whose answer is lost leaves no upload, even if S3 fails once when its uploads are listed', async () => {
    proxy.addRules(
      { when: { operation: 'CreateMultipartUpload', nth: 1 }, fault: { kind: 'lost-answer' } },
      { when: { operation: 'ListMultipartUploads', nth: 1 }, fault: s3Errors.internalError },
    );
    await landing.expectLanded('lost-create/list', 'v1', LARGE, await land('lost-create/list'));
  });

  it('a Create whose answer is lost aborts no upload of the key that has a part, and none of another key', async () => {
    const key = 'lost-create/others';
    const { client } = landing.s3;
    const begin = async (Key: string) => {
      const upload = { Bucket: landing.bucket, Key };
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(upload));
      return { ...upload, UploadId };
    };
    const withPart = await begin(key);
    await client.send(new UploadPartCommand({ ...withPart, PartNumber: 1, Body: 'of another process' }));
    const longerKey = await begin(`${key}.csv`);
    proxy.addRules({ when: { operation: 'CreateMultipartUpload', nth: 1 }, fault: { kind: 'lost-answer' } });
    expect(await land(key)).toMatchObject({ status: 'landed' });
    expect(proxy.operations('CreateMultipartUpload')).toBe(2);
    const open = (await openUploads(client, landing.bucket)).filter(({ Key }) => Key?.startsWith(key));
    const ids = [withPart.UploadId, longerKey.UploadId];
    expect(open.map(({ UploadId }) => UploadId).sort()).toEqual(ids.sort());
    for (const upload of [withPart, longerKey]) await client.send(new AbortMultipartUploadCommand(upload));
  });
});

it.each<[S3Operation, number]>([
  ['CompleteMultipartUpload', LARGE],
  ['PutObject', SMALL],
])('a %s whose answer is lost has landed, even if S3 refuses every later one', async (operation, length) => {
  proxy.addRules(
    { when: { operation, nth: 1 }, fault: { kind: 'lost-answer' } },
    { when: { operation }, fault: s3Errors.accessDenied },
  );
  const key = `lost-then-refused/${operation}`;
  await landing.expectLanded(key, 'v1', length, await land(key, { length }));
});

it.each<[S3Operation, number]>([
  ['CompleteMultipartUpload', LARGE],
  ['PutObject', SMALL],
])('412 to a %s that had no condition is an error, and no object is skipped', async (operation, length) => {
  proxy.addRules({ when: { operation }, fault: s3Errors.preconditionFailed });
  const key = `unconditional/${operation}`;
  await expect(land(key, { length })).rejects.toMatchObject({ name: 'StorageError' });
  await landing.expectNothing(key);
});

it.each<[S3Operation, string, number, 'skip' | 'fail', Landed]>([
  ['CompleteMultipartUpload', 'ranges', LARGE, 'skip', {}],
  ['CompleteMultipartUpload', 'ranges', LARGE, 'fail', {}],
  ['CompleteMultipartUpload', 'one stream', LARGE, 'skip', { plain: true }],
  ['PutObject', 'one request', SMALL, 'skip', {}],
  ['PutObject', 'one request', SMALL, 'fail', {}],
])(
  'a 412 to a %s by %s is sent again if the object is gone meanwhile (%i bytes, %s)',
  async (operation, way, length, ifExists, how) => {
    proxy.addRules({ when: { operation, nth: [1, 2] }, fault: s3Errors.preconditionFailed });
    const key = `gone/${way}/${ifExists}`;
    await landing.expectLanded(key, 'v1', length, await land(key, { ...how, length, ifExists }));
  },
);

it.each<[S3Operation, number]>([
  ['CompleteMultipartUpload', LARGE],
  ['PutObject', SMALL],
])(
  'a server that answers 412 to each %s of a key without an object is a failure, not a skipped file',
  async (operation, length) => {
    proxy.addRules({ when: { operation }, fault: s3Errors.preconditionFailed });
    const key = `gone-always/${operation}`;
    await expect(land(key, { length, ifExists: 'skip' })).rejects.toThrow(`${operation} failed 4 times in a row`);
    await landing.expectNothing(key);
  },
);

it("a HEAD that is refused for its clock is sent again with S3's clock, and finds the object", async () => {
  const Key = 'clock';
  await landing.s3.client.send(new PutObjectCommand({ Bucket: landing.bucket, Key, Body: 'there' }));
  const date = new Date(Date.now() + 3_600_000);
  proxy.addRules({ when: { operation: 'HeadObject', nth: 1 }, fault: { ...s3Errors.clockSkew, date } });
  await expect(land(Key, { ifExists: 'fail' })).rejects.toMatchObject({ name: 'ObjectExistsError' });
});

describe('onProgress that rejects', () => {
  it.each<[string, Landed]>([
    ['ranges', {}],
    ['one stream', { plain: true }],
    ['ranges in order', { expect: { sha256: contentHashes('v1', LARGE).sha256 } }],
  ])('an onProgress that rejects ends a transfer by %s with its error, and leaves nothing', async (name, how) => {
    const key = `progress/${name}`;
    const onProgress = async ({ bytes }: { bytes: number }) => {
      if (bytes > 6 * MIB) throw new Error('no more, please');
    };
    await expect(land(key, { ...how, options: { onProgress } })).rejects.toThrow('no more, please');
    await landing.expectNothing(key);
  });
});

describe.each<[S3Operation, number]>([
  ['CompleteMultipartUpload', LARGE],
  ['PutObject', SMALL],
])('an abort while %s is under way', (operation, length) => {
  async function abortMeanwhile(key: string, fault: S3Fault) {
    proxy.addRules({ when: { operation }, fault });
    const stop = new AbortController();
    const landed = land(key, { length, options: { signal: stop.signal } });
    landed.catch(() => {});
    await expect.poll(() => proxy.operations(operation), { interval: 5 }).toBe(1);
    stop.abort(new Error('enough'));
    return landed;
  }

  it('an abort during a write still lands if the object exists', async () => {
    const key = `abort-late/${operation}`;
    const landed = await abortMeanwhile(key, { kind: 'stall', milliseconds: 500 });
    await landing.expectLanded(key, 'v1', length, landed);
  });

  it('an abort between two tries of a write still lands if an earlier try was done', async () => {
    proxy.addRules(
      { when: { operation, nth: 1 }, fault: { kind: 'done-but-error', status: 500, code: 'InternalError' } },
      { when: { operation }, fault: s3Errors.internalError },
      { when: { operation: 'HeadObject' }, fault: s3Errors.internalError },
    );
    const key = `abort-between/${operation}`;
    const stop = new AbortController();
    const landed = land(key, { length, ifExists: 'overwrite', options: { signal: stop.signal } });
    landed.catch(() => {});
    // By now, the pauses are longer than the tries.
    await expect.poll(() => proxy.happened.length, { interval: 5 }).toBe(5);
    proxy.clearRules();
    stop.abort(new Error('enough'));
    await landing.expectLanded(key, 'v1', length, await landed);
  });

  it("an abort during a write throws the signal's reason if there is no object", async () => {
    const key = `abort-stall/${operation}`;
    await expect(abortMeanwhile(key, { kind: 'stall' })).rejects.toThrow('enough');
    expect(await headObject(landing.s3.client, landing.bucket, key)).toBeUndefined();
    await landing.expectNothing(key);
  });

  it("an abort during a write reports that the outcome is unknown if it can't be found out", async () => {
    const key = `abort-unknown/${operation}`;
    proxy.addRules({ when: { operation: 'HeadObject', nth: (n) => n > 1 }, fault: s3Errors.accessDenied });
    await expect(abortMeanwhile(key, { kind: 'stall' })).rejects.toMatchObject({ name: 'OutcomeUnknownError' });
  });
});
