import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasty, type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { headObject } from '#test/helpers/s3-objects.ts';
import { faults, startSourceServer } from '#test/helpers/source-server.ts';
import { transfer } from '#transfer/index.ts';

const MIB = 1_048_576;
const long = 'x'.repeat(60_000);
let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

/** Small bodies land by one PUT, larger ones by parts of ranges: both write metadata. */
describe.each([
  ['in one piece', 1_000],
  ['in parts', 11 * MIB],
])('what a source says of itself, %s', (way, length) => {
  it.each<[string, Record<string, string>]>([
    ['a Content-Type of 60 KB', { 'Content-Type': `text/${long}` }],
    ['a Content-Type beyond ASCII', { 'Content-Type': 'text/caf\xe9; name="\x9b2J"' }],
    ['a Content-Encoding of 60 KB', { 'Content-Encoding': long }],
    ['an ETag of 60 KB', { ETag: `"${long}"` }],
    ['a Last-Modified of 60 KB', { ETag: '', 'Last-Modified': long }],
    ['hashes without end', { 'Repr-Digest': 'md5=:AAAA:,'.repeat(5_000) }],
    ['a Content-Disposition of 60 KB', { 'Content-Disposition': `attachment; filename="../${long}"` }],
  ])('a field of the source that makes no sense is left out, and the object lands: %s', async (name, fields) => {
    await using source = await startSourceServer({
      file: { length },
      rules: [{ faults: faults.headers(fields) }],
    });
    const key = `${way} ${name}`.replaceAll(' ', '-');
    const landed = await transfer(hasty(source.url), landing.destination(key), {
      guard: LOOPBACK,
      bufferBytes: 5 * MIB,
      connections: 2,
    });
    expect(landed).toMatchObject({ status: 'landed', bytes: length });
    expect(JSON.stringify(landed).length).toBeLessThan(4_000);
    const { Metadata, ContentType, ContentEncoding } = (await headObject(landing.s3.client, landing.bucket, key)) ?? {};
    expect(JSON.stringify([Metadata, ContentType, ContentEncoding]).length).toBeLessThan(2_500);
    for (const field of Object.keys(fields).filter((one) => /Type|Encoding|Modified/.test(one))) {
      expect(landed.notes.join()).toContain(`${field.toLowerCase()} is not valid`);
    }
  });

  it('an unusual field of the source is kept, no longer than needed', async () => {
    const etag = `"\xe9\x9b${'y'.repeat(900)}"`;
    await using source = await startSourceServer({ file: { length }, rules: [{ faults: faults.etag(etag) }] });
    const key = `${way} odd`.replaceAll(' ', '-');
    const land = () =>
      transfer(hasty(source.url), landing.destination(key), {
        guard: LOOPBACK,
        bufferBytes: 5 * MIB,
        connections: 2,
      });
    expect(await land()).toMatchObject({ status: 'landed', bytes: length, sourceEtag: etag });
    // Sent back byte by byte, it is known again.
    expect(await land()).toMatchObject({ status: 'unchanged' });
  });
});

describe('what a source says where it fails', () => {
  it.each<[string, Record<string, string>, string]>([
    ['a Location of 60 KB', { Location: `/${long}` }, 'RedirectError'],
    ['a Location of 60 KB that is none', { Location: `ftp://example.org/${long}` }, 'RedirectError'],
    ['a Location with control characters', { Location: 'ftp://example.org/\x9b2J\x85' }, 'RedirectError'],
  ])("the quote of a failing source's field is shortened, without control sequences: %s", async (_, fields, name) => {
    await using source = await startSourceServer({
      rules: [{ faults: [faults.status(302), faults.headers(fields)] }],
    });
    const failure = await transfer(hasty(source.url), landing.destination('none'), { guard: LOOPBACK }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ name });
    const { message } = failure as Error;
    expect(message.length).toBeLessThanOrEqual(2_000);
    expect(message).not.toMatch(/\p{Cc}/u);
  });

  it("an object's name is no longer than a key", async () => {
    await using source = await startSourceServer({
      file: { length: 10 },
      rules: [{ faults: faults.headers({ 'Content-Disposition': `attachment; filename="${long}"` }) }],
    });
    const { client, bucket } = landing.destination('');
    const named = transfer(hasty(source.url), { client, bucket, prefix: 'in/' }, { guard: LOOPBACK });
    await expect(named).rejects.toMatchObject({ name: 'InvalidDestinationError' });
  });
});
