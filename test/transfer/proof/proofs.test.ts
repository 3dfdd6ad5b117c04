import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasty, type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { contentHashes, faults, startSourceServer } from '#test/helpers/source-server.ts';
import {
  type Expect,
  NotInTimeError,
  openTransfer,
  ProofFailedError,
  SourceChangedError,
  type TransferOptions,
  type TransferState,
  transfer,
} from '#transfer/index.ts';

const MIB = 1_048_576;
/** Five parts, for what a process leaves to another. */
const LENGTH = 23 * MIB + 5;
/** Three parts. */
const SHORT = 11 * MIB + 5;
const OPTIONS: TransferOptions = { guard: LOOPBACK, bufferBytes: 5 * MIB, connections: 3 };
const { sha256 } = contentHashes('v1', LENGTH);
const short = contentHashes('v1', SHORT);
const right = { ...short, bytes: SHORT, crc32: short.crc32.toString(16).padStart(8, '0') };
const wrong = { bytes: SHORT + 1, sha256: 'a'.repeat(64), md5: 'b'.repeat(32), crc32: 'cccccccc' };

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

const ways = {
  ranges: { rules: [], options: OPTIONS },
  'piped ranges': { rules: [], options: { ...OPTIONS, bufferBytes: MIB } },
  'one stream': { rules: [{ faults: faults.ignoreRange() }], options: OPTIONS },
  chunks: { rules: [{ faults: [faults.ignoreRange(), faults.chunked()] }], options: OPTIONS },
};

describe.each(Object.entries(ways))('what is expected, of %s', (way, { rules, options }) => {
  it.each(['bytes', 'sha256', 'md5', 'crc32'] as const)(
    'the expectation %s is fulfilled or the transfer fails',
    async (name) => {
      await using source = await startSourceServer({ file: { seed: 'v1', length: SHORT }, rules });
      const key = `${way}/${name}`;
      const land = (expected: Expect) =>
        transfer(hasty(source.url, { expect: expected }), landing.destination(key), options);
      await expect(land({ [name]: wrong[name] })).rejects.toThrow(ProofFailedError);
      await landing.expectNothing(key);
      const before = source.requests.length;
      const landed = await land({ [name]: right[name] });
      await landing.expectLanded(key, 'v1', SHORT, landed);
      expect(landed.proofs.held).toContain(`expect.${name}`);
      if (way === 'ranges') expect(source.requests.length - before).toBe(3);
    },
  );

  it('an expected hash may have capitals', async () => {
    await using source = await startSourceServer({ file: { seed: 'v1', length: SHORT }, rules });
    const expected = { sha256: right.sha256.toUpperCase(), crc32: right.crc32.toUpperCase() };
    const landed = await transfer(hasty(source.url, { expect: expected }), landing.destination(`${way}/caps`), options);
    expect(landed.proofs.held).toEqual(expect.arrayContaining(['expect.sha256', 'expect.crc32']));
  });
});

it('an expected size proves an end that nothing else proves', async () => {
  await using source = await startSourceServer({
    file: { seed: 'v1', length: SHORT },
    rules: [{ faults: [faults.ignoreRange(), faults.closeDelimited()] }],
  });
  const landed = await transfer(hasty(source.url, { expect: { bytes: SHORT } }), landing.destination('end'), OPTIONS);
  expect(landed.proofs.held).toEqual(['expect.bytes', 'crc32']);
});

describe('a hash over ranges', () => {
  // The death is a middleware of the SDK's client.
  it.skipIf(process.env.SLUICE_TEST_S3_CLIENT === 'small')(
    'a hash over ranges continues after a process died: all bytes are read again, and only missing parts are sent',
    async () => {
      await using source = await startSourceServer({ file: { seed: 'v1', length: LENGTH } });
      const given = hasty(source.url, { expect: { sha256 } });
      const destination = landing.destination('resumed');
      let state: TransferState | undefined;
      const dead = new AbortController();
      // A process that dies can't abort: here its client can't either.
      const { AbortMultipartUploadCommand } = await import('@aws-sdk/client-s3');
      const client = landing.s3.clientFor(landing.s3.endpoint);
      client.middlewareStack.add(
        (next, { commandName }) =>
          (args) => {
            if (commandName === AbortMultipartUploadCommand.name) throw new Error('dead');
            return next(args);
          },
        { step: 'initialize' },
      );
      const first = await openTransfer(
        given,
        { ...destination, client },
        {
          ...OPTIONS,
          connections: 1,
          signal: dead.signal,
          onUploadCreated: (_, created) => {
            state = created;
          },
          onProgress: ({ bytes }) => {
            if (bytes > 10 * MIB) dead.abort(new Error('killed'));
          },
        },
      );
      if (first.kind !== 'stream' || state !== undefined) throw new Error('not one process');
      await expect(first.run()).rejects.toThrow('killed');
      if (state === undefined) throw new Error('no state');

      const { startS3FaultProxy } = await import('#test/helpers/s3-fault-proxy.ts');
      await using proxy = await startS3FaultProxy(landing.s3.endpoint);
      const through = { ...destination, client: landing.s3.clientFor(proxy.endpoint) };
      const second = await openTransfer(given, through, { ...OPTIONS, resume: state });
      if (second.kind !== 'stream') throw new Error(second.kind);
      const landed = await second.run();
      await landing.expectLanded('resumed', 'v1', LENGTH, landed);
      expect(landed.proofs.held).toContain('expect.sha256');
      expect(proxy.operations('CreateMultipartUpload')).toBe(0);
      expect(proxy.operations('UploadPart')).toBeLessThanOrEqual(3);
    },
  );

  it('a hash over ranges does not continue with another version', async () => {
    await using source = await startSourceServer({ file: { seed: 'v1', length: LENGTH } });
    const given = hasty(source.url, { expect: { sha256 } });
    const destination = landing.destination('other-version');
    let state: TransferState | undefined;
    const { expect: _, ...unordered } = given;
    const ranged = await openTransfer(unordered, destination, OPTIONS);
    if (ranged.kind === 'ranged') state = ranged.state;
    if (state === undefined) throw new Error(ranged.kind);
    source.setFile('/file', { seed: 'v2', length: LENGTH });
    const second = await openTransfer(given, destination, { ...OPTIONS, resume: state });
    if (second.kind !== 'stream') throw new Error(second.kind);
    await expect(second.run()).rejects.toThrow(SourceChangedError);
    await landing.expectNothing('other-version');
  });
});

describe('what the source states', () => {
  const small = 50_000;
  const headers = [
    'Content-MD5',
    'Content-Digest',
    'Repr-Digest',
    'Digest',
    'x-amz-checksum-sha256',
    'x-ms-blob-content-md5',
  ] as const;

  it.each(headers)("the source's statement %s is checked if the body comes whole, and only then", async (header) => {
    for (const truth of ['right', 'wrong'] as const) {
      await using source = await startSourceServer({
        file: { seed: 'v1', length: small },
        rules: [{ faults: [faults.ignoreRange(), faults.states(header, truth)] }],
      });
      const key = `stated/${header}/${truth}`;
      const landing1 = transfer(hasty(source.url), landing.destination(key), OPTIONS);
      if (truth === 'wrong') await expect(landing1).rejects.toThrow(ProofFailedError);
      else expect((await landing1).proofs.held.join()).toContain(header.toLowerCase());
    }
  });

  it.each(['Content-MD5', 'Content-Digest'] as const)(
    "the source's statement %s on a range proves only that range",
    async (header) => {
      await using source = await startSourceServer({
        file: { seed: 'v1', length: 12 * MIB },
        rules: [{ faults: faults.states(header, 'right') }],
      });
      const landed = await transfer(hasty(source.url), landing.destination(`range/${header}`), OPTIONS);
      expect(landed.proofs).toEqual({ held: ['size', 'crc32'], notChecked: [] });
    },
  );

  it('a hash of the whole that ranges out of order can not check is recorded as not checked', async () => {
    await using source = await startSourceServer({
      file: { seed: 'v1', length: 12 * MIB },
      rules: [{ faults: faults.states('Repr-Digest', 'wrong') }],
    });
    const landed = await transfer(hasty(source.url), landing.destination('not-checked'), OPTIONS);
    expect(landed.proofs.notChecked).toEqual([expect.stringMatching(/^repr-digest sha-256: .*out of order/)]);
  });

  it.each([
    ['identity', ['x-goog-hash md5']],
    ['gzip', []],
  ])('x-goog-hash counts where %s is stored', async (stored, held) => {
    await using source = await startSourceServer({
      file: { seed: 'v1', length: small },
      rules: [{ faults: faults.states('x-goog-hash', 'right', { 'x-goog-stored-content-encoding': stored }) }],
    });
    const landed = await transfer(hasty(source.url), landing.destination(`goog-${stored}`), OPTIONS);
    expect(landed.proofs.held).toEqual(['size', ...held, 'crc32']);
    expect(landed.proofs.notChecked).toHaveLength(1 - held.length);
  });

  it('a composite checksum of S3 is not treated as a hash of the bytes', async () => {
    await using source = await startSourceServer({
      file: { seed: 'v1', length: small },
      rules: [{ faults: faults.headers({ 'x-amz-checksum-crc32': 'AAAAAA==-7' }) }],
    });
    const landed = await transfer(hasty(source.url), landing.destination('composite'), OPTIONS);
    expect(landed.proofs).toEqual({ held: ['size', 'crc32'], notChecked: [] });
  });
});

describe('a deadline', () => {
  it('a deadline ends one stream of unknown length before it begins', async () => {
    await using source = await startSourceServer({
      file: { seed: 'v1', length: LENGTH },
      rules: [{ faults: [faults.ignoreRange(), faults.chunked()] }],
    });
    const options = { ...OPTIONS, deadline: new Date(Date.now() + 60_000) };
    await expect(transfer(hasty(source.url), landing.destination('unknown'), options)).rejects.toThrow(NotInTimeError);
    await landing.expectNothing('unknown');
  });

  it.each(['ranges', 'one stream'] as const)(
    'a deadline ends %s that one process has to read, and leaves nothing',
    async (way) => {
      await using source = await startSourceServer({
        file: { seed: 'v1', length: LENGTH },
        rules: [...ways[way].rules, { faults: faults.drip(2 * MIB) }],
      });
      const options = { ...OPTIONS, connections: 1, deadline: new Date(Date.now() + 5_000) };
      const key = `late-${way}`;
      const failure: unknown = await transfer(
        hasty(source.url, { expect: { sha256 } }),
        landing.destination(key),
        options,
      ).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(NotInTimeError);
      expect((failure as NotInTimeError).bytesSpent).toBeGreaterThan(0);
      await landing.expectNothing(key);
    },
  );
});
