import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type MultipartUpload,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hasty, type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { openUploads } from '#test/helpers/s3-objects.ts';
import { startSourceServer } from '#test/helpers/source-server.ts';
import { transfer } from '#transfer/index.ts';
import { LostUploads } from '#transfer/s3/lost-uploads.ts';
import { ObjectStore } from '#transfer/s3/object-store.ts';

const MIB = 1_048_576;
const LENGTH = 11 * MIB + 5;
const MINUTES = 240_000;

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

/**
 * The uploads of a key. The offset is that of S3's clock: with it, an upload of now is old or young for the search,
 * however long the test takes.
 */
function uploadsOf(key: string, systemClockOffset: number): ConstructorParameters<typeof LostUploads>[0] {
  const store = new ObjectStore(landing.s3.client, landing.bucket, key);
  return {
    client: { config: { systemClockOffset } },
    listUploads: (signal) => store.listUploads(signal),
    listParts: (...range) => store.listParts(...range),
    abortUpload: (uploadId, signal) => store.abortUpload(uploadId, signal),
  };
}

function searchFor(key: string, systemClockOffset: number): LostUploads {
  const lost = new LostUploads(uploadsOf(key, systemClockOffset));
  lost.suspect();
  return lost;
}

async function begin(Key: string): Promise<{ Bucket: string; Key: string; UploadId: string }> {
  const upload = { Bucket: landing.bucket, Key };
  const { UploadId = '' } = await landing.s3.client.send(new CreateMultipartUploadCommand(upload));
  return { ...upload, UploadId };
}

async function openOf(key: string): Promise<(string | undefined)[]> {
  const open: MultipartUpload[] = await openUploads(landing.s3.client, landing.bucket);
  return open.filter(({ Key }) => Key?.startsWith(key)).map(({ UploadId }) => UploadId);
}

it('the search for a lost upload aborts the young ones without a part, and no other upload', async () => {
  const key = 'young';
  const [own, lost, withPart, ofLongerKey] = [
    await begin(key),
    await begin(key),
    await begin(key),
    await begin('young.csv'),
  ];
  await landing.s3.client.send(new UploadPartCommand({ ...withPart, PartNumber: 1, Body: 'of another process' }));
  expect(await openOf(key)).toContain(lost.UploadId);
  await searchFor(key, -MINUTES).abort(own.UploadId);
  const kept = [own, withPart, ofLongerKey];
  expect((await openOf(key)).sort()).toEqual(kept.map(({ UploadId }) => UploadId).sort());
  for (const upload of kept) await landing.s3.client.send(new AbortMultipartUploadCommand(upload));
});

it('the search for a lost upload goes on if another process ends an upload meanwhile', async () => {
  const key = 'ended-meanwhile';
  const uploads = [await begin(key), await begin(key)];
  const { abortUpload, listParts, ...rest } = uploadsOf(key, -MINUTES);
  let ended = '';
  const lost = new LostUploads({
    ...rest,
    abortUpload,
    listParts: async (uploadId, ...range) => {
      if (ended === '') {
        ended = uploadId;
        await landing.s3.client.send(
          new AbortMultipartUploadCommand({ Bucket: landing.bucket, Key: key, UploadId: uploadId }),
        );
      }
      return listParts(uploadId, ...range);
    },
  });
  lost.suspect();
  await lost.abort(undefined);
  expect(uploads.map(({ UploadId }) => UploadId)).toContain(ended);
  expect(await openOf(key)).toEqual([]);
});

it('the search for a lost upload aborts no upload that began long before the Create, even without a part', async () => {
  const earlier = await begin('old');
  await searchFor('old', MINUTES).abort(undefined);
  expect(await openOf('old')).toEqual([earlier.UploadId]);
  await landing.s3.client.send(new AbortMultipartUploadCommand(earlier));
});

it('a transfer whose upload had no part when the search of another process aborted it begins again and lands', async () => {
  const key = 'at-once';
  await using source = await startSourceServer({ file: { seed: 'v1', length: LENGTH } });
  const created: string[] = [];
  const landed = await transfer(hasty(source.url), landing.destination(key), {
    ...{ guard: LOOPBACK, bufferBytes: 5 * MIB, connections: 2 },
    onUploadCreated: async (uploadId) => {
      created.push(uploadId);
      if (created.length > 1) return;
      await searchFor(key, -MINUTES).abort(undefined);
      expect(await openOf(key)).toEqual([]);
    },
  });
  await landing.expectLanded(key, 'v1', LENGTH, landed);
  expect(created).toHaveLength(2);
});
