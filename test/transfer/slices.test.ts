import { AbortMultipartUploadCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasty, type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';
import { contentBytes, type FaultRule, faults, startSourceServer } from '#test/helpers/source-server.ts';
import {
  openTransfer,
  type PartProof,
  PartsMissingError,
  ProofFailedError,
  planOf,
  type RangedTransfer,
  resumeTransfer,
  type Source,
  SourceChangedError,
  slicesOf,
  type TransferOptions,
  type TransferState,
  transferStateSchema,
  UploadVanishedError,
} from '#transfer/index.ts';

const MIB = 1_048_576;
const PART = 5 * MIB;
const LENGTH = 6 * PART + 77;
const OPTIONS: TransferOptions = { guard: LOOPBACK, bufferBytes: PART, connections: 2 };

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

/** As between two Lambdas: only JSON is passed on. */
async function open(source: Source, key: string, options = OPTIONS): Promise<RangedTransfer> {
  const destination = landing.destination(key);
  const opened = await openTransfer(source, destination, options);
  if (opened.kind !== 'ranged') throw new Error(`opened as ${opened.kind}`);
  const state: TransferState = transferStateSchema.parse(JSON.parse(JSON.stringify(opened.state)));
  return resumeTransfer(state, source, destination, options);
}

const startSource = (rules: readonly FaultRule[] = []) =>
  startSourceServer({ file: { seed: 'v1', length: LENGTH }, rules });

it.each([{ total: LENGTH - 7 }, { count: 2 }, { count: 9 }, { partBytes: 6 * MIB }])(
  'a state whose plan of parts contradicts itself is refused: %j',
  async (damage) => {
    await using source = await startSource();
    const transfer = await open(hasty(source.url), 'damaged');
    expect(transferStateSchema.safeParse({ ...transfer.state, ...damage }).error?.issues).toMatchObject([
      { message: 'total, partBytes, count and pins.total of this state contradict each other' },
    ]);
    await transfer.abandon();
  },
);

describe('openTransfer', () => {
  it('openTransfer reports the upload before the first part is sent, and sends the probe as that part', async () => {
    await using proxy = await startS3FaultProxy(landing.s3.endpoint);
    await using source = await startSource();
    const sent: number[] = [];
    const destination = landing.destination('hook', { client: landing.s3.clientFor(proxy.endpoint) });
    const opened = await openTransfer(hasty(source.url), destination, {
      ...OPTIONS,
      onUploadCreated: () => void sent.push(proxy.operations('UploadPart')),
    });
    expect(sent).toEqual([0]);
    expect(proxy.parts.map(({ partNumber }) => partNumber)).toEqual([1]);
    expect(source.requests).toHaveLength(1);
    if (opened.kind !== 'ranged') throw new Error(opened.kind);
    await opened.transfer.abandon();
    await landing.expectNothing('hook');
  });

  it('openTransfer stores no secret in the state', async () => {
    await using source = await startSourceServer({
      file: { seed: 'v1', length: LENGTH },
      rules: [{ when: { path: '/start' }, faults: faults.redirect('/file?signature=SECRET1') }],
    });
    const url = `${source.origin.replace('//', '//user:SECRET2@')}/start?key=SECRET3`;
    const job = await open(hasty(url, { headers: { 'x-api-key': 'SECRET4' } }), 'secrets');
    expect(JSON.stringify(job.state)).not.toMatch(/SECRET/);
    expect(source.requests[0]?.headers.authorization).toMatch(/^Basic /);
    await job.abandon();
  });

  it('openTransfer leaves no upload open if the hook fails', async () => {
    await using source = await startSource();
    const onUploadCreated = () => Promise.reject(new Error('no records'));
    const opening = openTransfer(hasty(source.url), landing.destination('no-hook'), { ...OPTIONS, onUploadCreated });
    await expect(opening).rejects.toThrow('no records');
    await landing.expectNothing('no-hook');
  });
});

describe('slices', () => {
  it('slices continue in any process and any order, and never send a stored part twice', async () => {
    await using proxy = await startS3FaultProxy(landing.s3.endpoint);
    await using source = await startSource();
    const job = await open(hasty(source.url), 'slices');
    const client = landing.s3.clientFor(proxy.endpoint);
    const through = resumeTransfer(job.state, hasty(source.url), landing.destination('slices', { client }), OPTIONS);
    const slices = slicesOf(planOf(job.state), 2 * PART);
    expect(slices).toEqual([
      { first: 1, last: 2 },
      { first: 3, last: 4 },
      { first: 5, last: 6 },
      { first: 7, last: 7 },
    ]);
    const proofs: PartProof[] = [];
    for (const slice of [...slices.toReversed(), ...slices]) {
      const outcome = await through.uploadSlice(slice);
      expect(outcome).toMatchObject({ done: true, left: 0 });
      proofs.push(...outcome.proofs);
    }
    expect(proofs).toHaveLength(6);
    expect(proxy.partsStoredAgain).toEqual([]);
    expect(source.coverage()).toEqual({ once: LENGTH, again: 0 });
    const landed = await job.close({ proofs });
    await landing.expectLanded('slices', 'v1', LENGTH, landed);
    expect(landed.notes).toEqual([]);
  });

  it('slices stop at the deadline, report what is left, and can be continued', async () => {
    await using source = await startSource([{ when: { offset: (o) => o > 0 }, faults: faults.drip(20 * MIB) }]);
    const job = await open(hasty(source.url), 'deadline');
    const proofs: PartProof[] = [];
    const left: number[] = [];
    for (let call = 1; call <= 20; call++) {
      const outcome = await job.uploadSlice(
        { first: 1, last: job.state.count },
        // Each call has more time, since a part takes longer on a busy machine.
        { deadline: new Date(Date.now() + 600 * call) },
      );
      proofs.push(...outcome.proofs);
      left.push(outcome.left);
      if (outcome.done) break;
    }
    expect(left.length).toBeGreaterThan(1);
    expect(left.at(-1)).toBe(0);
    expect(proofs.map(({ number }) => number).sort()).toEqual([2, 3, 4, 5, 6, 7]);
    await landing.expectLanded('deadline', 'v1', LENGTH, await job.close({ proofs }));
  });

  it('slices return a wait that is too long for them', async () => {
    await using source = await startSource([
      { when: { offset: 3 * PART, nth: 1 }, faults: faults.status(503, { retryAfter: 100 }) },
    ]);
    const job = await open(hasty(source.url), 'wait');
    const outcome = await job.uploadSlice({ first: 1, last: 7 });
    expect(outcome.done).toBe(false);
    const seconds = ((outcome.waitUntil?.getTime() ?? 0) - Date.now()) / 1_000;
    expect(seconds).toBeGreaterThan(60);
    expect(seconds).toBeLessThanOrEqual(100);
    await job.abandon();
  });

  it('slices stop without an error if the upload does not exist any more', async () => {
    await using source = await startSource();
    const job = await open(hasty(source.url), 'vanished');
    await job.abandon();
    expect(await job.uploadSlice({ first: 1, last: 7 })).toMatchObject({ done: false, vanished: true, proofs: [] });
    await expect(job.close()).rejects.toThrow(UploadVanishedError);
    await job.abandon();
  });

  it('slices notice another version, and report its pins for the next beginning', async () => {
    await using source = await startSource();
    const job = await open(hasty(source.url), 'changed');
    source.setFile('/file', { seed: 'v2', length: LENGTH, lastModified: new Date('2021-01-01') });
    const failure: unknown = await job.uploadSlice({ first: 1, last: 7 }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SourceChangedError);
    expect((failure as SourceChangedError).pins).toEqual(job.state.pins);
    await job.abandon();
    await landing.expectNothing('changed');
    const again = await open(hasty(source.url), 'changed', { ...OPTIONS, earlier: [job.state.pins] });
    const { proofs } = await again.uploadSlice({ first: 1, last: 7 });
    await landing.expectLanded('changed', 'v2', LENGTH, await again.close({ proofs }));
  });

  it('slices end with the reason of their signal, and the upload stays for the next call', async () => {
    await using source = await startSource([{ when: { offset: 3 * PART }, faults: faults.stall(1_000) }]);
    const job = await open(hasty(source.url, { limits: { idleSeconds: 20 } }), 'aborted');
    const stop = new AbortController();
    const slice = job.uploadSlice({ first: 1, last: 7 }, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 200);
    await expect(slice).rejects.toThrow('enough');
    source.clearRules();
    const { proofs } = await job.uploadSlice({ first: 1, last: 7 });
    await landing.expectLanded('aborted', 'v1', LENGTH, await job.close({ proofs }));
  });

  it('slices count acknowledged bytes', async () => {
    await using source = await startSource();
    const job = await open(hasty(source.url), 'progress');
    const seen: number[] = [];
    await job.uploadSlice({ first: 1, last: 7 }, { onProgress: ({ bytes }) => seen.push(bytes) });
    expect(seen.at(-1)).toBe(LENGTH);
    expect(seen).toEqual(seen.toSorted((one, other) => one - other));
    await job.abandon();
  });
});

describe('close', () => {
  const putPart = (job: RangedTransfer, number: number, body: Buffer) =>
    landing.s3.client.send(
      new UploadPartCommand({
        Bucket: landing.bucket,
        Key: job.state.key,
        UploadId: job.state.uploadId,
        PartNumber: number,
        Body: body,
        ChecksumAlgorithm: 'CRC32',
      }),
    );

  it('close names the missing parts', async () => {
    await using source = await startSource();
    const job = await open(hasty(source.url), 'missing');
    await job.uploadSlice({ first: 3, last: 5 });
    const failure: unknown = await job.close().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(PartsMissingError);
    expect((failure as PartsMissingError).numbers).toEqual([2, 6, 7]);
    await job.abandon();
  });

  it('close accepts a part without a proof, and reports it', async () => {
    await using source = await startSource();
    const job = await open(hasty(source.url), 'transport');
    const { proofs } = await job.uploadSlice({ first: 1, last: 7 });
    const landed = await job.close({ proofs: proofs.filter(({ number }) => number !== 4) });
    expect(landed.notes).toEqual([expect.stringMatching(/^1 of 7 parts .* only their transport is proven/)]);
    await landing.expectLanded('transport', 'v1', LENGTH, landed);
  });

  it('close refuses a part that differs from its proof', async () => {
    await using source = await startSource();
    const job = await open(hasty(source.url), 'tampered');
    const { proofs } = await job.uploadSlice({ first: 1, last: 7 });
    await putPart(job, 3, contentBytes('other', 0, PART));
    await expect(job.close({ proofs })).rejects.toThrow(ProofFailedError);
    await job.abandon();
    await landing.expectNothing('tampered');
  });

  it('close counts a part of another size as missing, and a slice sends it again', async () => {
    await using source = await startSource();
    const job = await open(hasty(source.url), 'resized');
    const first = await job.uploadSlice({ first: 1, last: 7 });
    await putPart(job, 7, contentBytes('other', 0, 99));
    await expect(job.close(first)).rejects.toThrow(PartsMissingError);
    const again = await job.uploadSlice({ first: 1, last: 7 });
    expect(again.proofs.map(({ number }) => number)).toEqual([7]);
    const landed = await job.close({ proofs: [...first.proofs, ...again.proofs] });
    await landing.expectLanded('resized', 'v1', LENGTH, landed);
  });

  it('close recognises its own object when it is called again', async () => {
    await using source = await startSource();
    const job = await open(hasty(source.url), 'again');
    const { proofs } = await job.uploadSlice({ first: 1, last: 7 });
    const landed = await job.close({ proofs });
    if (landing.s3.kind !== 'versitygw') return; // The embedded S3 keeps no CRC of the whole to recognise it by.
    expect(await job.close({ proofs })).toMatchObject({ status: 'landed', crc32: landed.crc32 });
    expect(await job.close()).toMatchObject({ status: 'landed', crc32: landed.crc32 });
    const wrong = proofs.map((proof) => ({ ...proof, crc32: '00000000' }));
    await expect(job.close({ proofs: wrong })).rejects.toThrow(UploadVanishedError);
  });

  it('close refuses a wrong expected CRC-32 before anything is made', async () => {
    await using source = await startSource();
    const job = await open(hasty(source.url, { expect: { crc32: '00000001' } }), 'expected');
    const { proofs } = await job.uploadSlice({ first: 1, last: 7 });
    await expect(job.close({ proofs })).rejects.toThrow(ProofFailedError);
    await job.abandon();
    await landing.expectNothing('expected');
  });
});

describe('abandon', () => {
  it('abandon does no harm after somebody else aborted the upload', async () => {
    await using source = await startSource();
    const job = await open(hasty(source.url), 'harmless');
    const { bucket: Bucket, key: Key, uploadId: UploadId } = job.state;
    await landing.s3.client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
    await job.abandon();
    await landing.expectNothing('harmless');
  });
});
