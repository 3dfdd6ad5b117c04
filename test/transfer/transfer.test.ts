import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { contentHashes, faults, startSourceServer } from '#test/helpers/source-server.ts';
import { transfer, UnprovenEndError } from '#transfer/index.ts';

const MIB = 1_048_576;
const PARTS = { guard: LOOPBACK, bufferBytes: 5 * MIB, connections: 3 };

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

describe('a source with ranges', () => {
  it.each([0, 1, 1_000, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 17 * MIB + 5])(
    'a source with ranges lands %i bytes',
    async (length) => {
      await using source = await startSourceServer({ file: { seed: length, length } });
      const landed = await transfer({ url: source.url }, landing.destination(`ranges-${length}`), PARTS);
      await landing.expectLanded(`ranges-${length}`, length, length, landed);
      expect(landed.parts).toBe(length <= 5 * MIB ? 0 : Math.ceil(length / (5 * MIB)));
      expect(landed.proofs.held).toEqual(['size', 'crc32']);
      expect(source.coverage()).toEqual({ once: length, again: 0 });
    },
  );
});

it('an empty object does not get the content type of the error page', async () => {
  const page = faults.headers({ 'Content-Type': 'text/html', 'Content-Encoding': 'br' });
  await using source = await startSourceServer({
    file: { length: 0 },
    rules: [{ faults: [faults.rangeNotSatisfiable(), page] }],
  });
  const landed = await transfer({ url: source.url }, landing.destination('nothing'), PARTS);
  expect(landed).toMatchObject({ status: 'landed', bytes: 0, contentType: undefined, sourceEtag: undefined });
});

describe('a source without ranges', () => {
  const lengths = [0, 1, 5 * MIB, 5 * MIB + 1, 10 * MIB, 17 * MIB + 5];

  it.each(lengths)('a source without ranges lands %i bytes of known length', async (length) => {
    await using source = await startSourceServer({
      file: { seed: length, length },
      rules: [{ faults: faults.ignoreRange() }],
    });
    const landed = await transfer({ url: source.url }, landing.destination(`plain-${length}`), PARTS);
    await landing.expectLanded(`plain-${length}`, length, length, landed);
  });

  it.each(lengths)('a source without ranges lands %i bytes in chunks', async (length) => {
    await using source = await startSourceServer({
      file: { seed: length, length },
      rules: [{ faults: [faults.ignoreRange(), faults.chunked()] }],
    });
    const landed = await transfer({ url: source.url }, landing.destination(`chunked-${length}`), PARTS);
    await landing.expectLanded(`chunked-${length}`, length, length, landed);
    expect(source.coverage()).toEqual({ once: length, again: 0 });
  });

  it.each([1_000, 12 * MIB])(
    'a source without ranges is refused with %i bytes whose end nothing proves, unless that is allowed',
    async (length) => {
      await using source = await startSourceServer({
        file: { seed: length, length },
        rules: [{ faults: [faults.ignoreRange(), faults.closeDelimited()] }],
      });
      const key = `unproven-${length}`;
      await expect(transfer({ url: source.url }, landing.destination(key), PARTS)).rejects.toThrow(UnprovenEndError);
      await landing.expectNothing(key);
      const landed = await transfer({ url: source.url, allowUnprovenEnd: true }, landing.destination(key), PARTS);
      await landing.expectLanded(key, length, length, landed);
      expect(landed.proofs.held).toEqual(['crc32']);
    },
  );
});

describe('parts smaller than a buffer', () => {
  it.each(['ranges', 'one stream', 'in order'])('parts smaller than a buffer land by %s', async (way) => {
    const length = 12 * MIB;
    await using source = await startSourceServer({
      file: { seed: length, length },
      rules: way === 'one stream' ? [{ faults: faults.ignoreRange() }] : [],
    });
    const expected = way === 'in order' ? { expect: { sha256: contentHashes(length, length).sha256 } } : {};
    const options = { guard: LOOPBACK, bufferBytes: 8 * MIB, partBytes: 5 * MIB, connections: 2 };
    const landed = await transfer({ url: source.url, ...expected }, landing.destination(`small-parts ${way}`), options);
    await landing.expectLanded(`small-parts ${way}`, length, length, landed);
    expect(landed.parts).toBe(3);
    expect(source.coverage()).toEqual({ once: length, again: 0 });
  });
});

describe('parts larger than a buffer', () => {
  it.each([5 * MIB, 5 * MIB + 1, 17 * MIB + 5])('parts larger than a buffer are piped: %i bytes', async (length) => {
    await using source = await startSourceServer({ file: { seed: length, length } });
    const options = { guard: LOOPBACK, bufferBytes: MIB, partBytes: 5 * MIB, connections: 2 };
    const landed = await transfer({ url: source.url }, landing.destination(`piped-${length}`), options);
    await landing.expectLanded(`piped-${length}`, length, length, landed);
    expect(landed.parts).toBe(Math.ceil(length / (5 * MIB)));
    expect(source.coverage()).toEqual({ once: length, again: 0 });
    // The probe has requested the beginning of the first part. Then one request for each part is enough.
    expect(source.requests).toHaveLength(1 + landed.parts);
  });
});
