import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasty, type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { headObject, openUploads } from '#test/helpers/s3-objects.ts';
import { contentHashes, faults, startSourceServer } from '#test/helpers/source-server.ts';
import {
  type Destination,
  InvalidDestinationError,
  ObjectExistsError,
  type TransferOptions,
  transfer,
} from '#transfer/index.ts';

const MIB = 1_048_576;
const OPTIONS: TransferOptions = { guard: LOOPBACK, bufferBytes: 5 * MIB, connections: 3 };
/** One request, and two parts. */
const SIZES = [1_000, 5 * MIB + 5];

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

const putOther = (Key: string) =>
  landing.s3.client.send(new PutObjectCommand({ Bucket: landing.bucket, Key, Body: 'other' }));

describe.each(SIZES)('a source of %i bytes that has landed', (length) => {
  const land = (url: string, key: string, more: Partial<Destination> = {}, source = {}) =>
    transfer(hasty(url, source), landing.destination(key, more), OPTIONS);

  it.each([
    ['an ETag', { etag: '"v1"' }],
    ['a weak ETag', { etag: 'W/"weak"' }],
    ['a Last-Modified alone', { etag: null }],
  ] as const)('a landed source is unchanged by %s', async (name, file) => {
    await using source = await startSourceServer({ file: { seed: 'v1', length, ...file } });
    const key = `unchanged/${length}/${name}`;
    await land(source.url, key);
    const before = source.bodyBytes;
    expect(await land(source.url, key)).toMatchObject({ status: 'unchanged', bytes: length, parts: 0 });
    // Without an ETag the answer's head has to be seen, and the body's beginning comes along.
    if (file.etag !== null) expect(source.bodyBytes).toBe(before);
    source.setFile('/file', { seed: 'v2', length, etag: file.etag && '"v2"', lastModified: new Date('2021-01-01') });
    expect(await land(source.url, key)).toMatchObject({ status: 'landed' });
    await landing.expectLanded(key, 'v2', length);
  });

  it('a source is read again if the file was restored to an older one, which a date alone does not show', async () => {
    const file = { seed: 'v1', length, etag: null, lastModified: new Date('2024-03-01') } as const;
    await using source = await startSourceServer({ file });
    const key = `restored/${length}`;
    await land(source.url, key);
    source.setFile('/file', { ...file, seed: 'v2', lastModified: new Date('2024-01-31') });
    expect(await land(source.url, key)).toMatchObject({ status: 'landed' });
    await landing.expectLanded(key, 'v2', length);
    source.setFile('/file', { ...file, seed: 'v3', length: length + 1, lastModified: new Date('2024-01-31') });
    expect(await land(source.url, key)).toMatchObject({ status: 'landed', bytes: length + 1 });
  });

  it.each([
    ['the same ETag', { etag: '"1"' }],
    ['the same weak ETag', { etag: 'W/"1"' }],
    ['the same date, and no ETag', { etag: null }],
  ] as const)('a source is read again from another URL that has %s', async (name, file) => {
    await using source = await startSourceServer({ file: { seed: 'february', length, ...file } });
    source.setFile('/january', { seed: 'january', length, ...file });
    const key = `other-url/${length}/${name}`;
    await land(source.url, key);
    const other = `${source.origin}/january`;
    expect(await land(other, key)).toMatchObject({ status: 'landed' });
    await landing.expectLanded(key, 'january', length);
    expect(await land(other, key)).toMatchObject({ status: 'unchanged' });
    // The query may be all that tells one file from another.
    expect(await land(`${other}?month=1`, key)).toMatchObject({ status: 'landed' });
    const head = await headObject(landing.s3.client, landing.bucket, key);
    expect(JSON.stringify(head?.Metadata)).not.toContain('month');
  });

  it('a source without an ETag is read again from another URL that has an older date and the same length', async () => {
    const file = { length, etag: null } as const;
    await using source = await startSourceServer({
      files: {
        '/2024-02.csv': { ...file, seed: 'february', lastModified: new Date('2024-03-01') },
        '/2024-01.csv': { ...file, seed: 'january', lastModified: new Date('2024-02-01') },
      },
    });
    const key = `older-url/${length}/latest.csv`;
    await land(`${source.origin}/2024-02.csv`, key);
    expect(await land(`${source.origin}/2024-01.csv`, key)).toMatchObject({ status: 'landed' });
    await landing.expectLanded(key, 'january', length);
  });

  it('a source is read again if the URL redirects to another file with the same ETag', async () => {
    const redirect = (to: string) => [{ when: { path: '/latest' }, faults: faults.redirect(to) }];
    await using source = await startSourceServer({
      file: { seed: 'february', length, etag: '"1"' },
      rules: redirect('/file'),
    });
    source.setFile('/january', { seed: 'january', length, etag: '"1"' });
    const key = `other-target/${length}`;
    await land(`${source.origin}/latest`, key);
    expect(await land(`${source.origin}/latest`, key)).toMatchObject({ status: 'unchanged' });
    source.clearRules();
    source.addRules(...redirect('/january'));
    expect(await land(`${source.origin}/latest`, key)).toMatchObject({ status: 'landed' });
    await landing.expectLanded(key, 'january', length);
  });

  it('a source is read again if a hash is expected that was not checked before', async () => {
    await using source = await startSourceServer({ file: { seed: 'v1', length } });
    const key = `proven/${length}`;
    const { sha256 } = contentHashes('v1', length);
    await land(source.url, key);
    const expected = { expect: { sha256, bytes: length } };
    expect(await land(source.url, key, {}, expected)).toMatchObject({ status: 'landed' });
    expect(await land(source.url, key, {}, expected)).toMatchObject({ status: 'unchanged' });
    await expect(land(source.url, key, {}, { expect: { sha256: 'f'.repeat(64) } })).rejects.toThrow(/proof/);
  });

  it('a source is read again with overwrite', async () => {
    await using source = await startSourceServer({ file: { seed: 'v1', length } });
    await land(source.url, `overwrite/${length}`);
    expect(await land(source.url, `overwrite/${length}`, { ifExists: 'overwrite' })).toMatchObject({
      status: 'landed',
    });
  });

  it('a landed source is skipped with skip, without a request to the source', async () => {
    await using source = await startSourceServer({ file: { seed: 'v1', length } });
    const key = `skip/${length}`;
    await putOther(key);
    expect(await land(source.url, key, { ifExists: 'skip' })).toMatchObject({ status: 'skipped', bytes: 5 });
    expect(source.requests).toEqual([]);
  });

  it.each(['skip', 'fail'] as const)(
    'an object that was written in between is not replaced, with %s',
    async (ifExists) => {
      const key = `between/${length}/${ifExists}`;
      await using source = await startSourceServer({
        file: { seed: 'v1', length },
        rules: [{ faults: faults.delay(300) }],
      });
      const landed = land(source.url, key, { ifExists });
      landed.catch(() => {});
      await expect.poll(() => source.requests.length).toBeGreaterThan(0);
      await putOther(key);
      if (ifExists === 'skip') expect(await landed).toMatchObject({ status: 'skipped', bytes: 5, parts: 0 });
      else await expect(landed).rejects.toThrow(ObjectExistsError);
      expect(await headObject(landing.s3.client, landing.bucket, key)).toMatchObject({ ContentLength: 5 });
      expect((await openUploads(landing.s3.client, landing.bucket)).filter(({ Key }) => Key === key)).toEqual([]);
    },
  );

  it('a landed source fails with fail, without a request to the source', async () => {
    await using source = await startSourceServer({ file: { seed: 'v1', length } });
    await putOther(`fail/${length}`);
    await expect(land(source.url, `fail/${length}`, { ifExists: 'fail' })).rejects.toThrow(ObjectExistsError);
    expect(source.requests).toEqual([]);
  });

  it("the source's header fields are kept as metadata", async () => {
    await using source = await startSourceServer({ file: { seed: 'v1', length, contentType: 'text/csv' } });
    const key = `metadata/${length}`;
    await land(`${source.url}?token=SECRET`, key, { metadata: { owner: 'Zoë 100%' } });
    const head = await headObject(landing.s3.client, landing.bucket, key);
    expect(head?.ContentType).toBe('text/csv');
    expect(head?.Metadata).toMatchObject({
      owner: 'Zo%C3%AB 100%25',
      'source-url': source.url,
      'source-etag': source.fileAt('/file')?.etag,
      'source-last-modified': 'Sun, 02 Feb 2020 02:02:02 GMT',
    });
  });

  it('a Content-Encoding is kept although the request did not ask for it', async () => {
    await using source = await startSourceServer({
      file: { seed: 'v1', length },
      rules: [{ faults: [faults.ignoreRange(), faults.gzip()] }],
    });
    const key = `gzip/${length}`;
    await land(source.url, key);
    const head = await headObject(landing.s3.client, landing.bucket, key);
    expect(head?.ContentEncoding).toBe('gzip');
  });

  it('an ETag that is too long for the metadata is left out', async () => {
    await using source = await startSourceServer({ file: { seed: 'v1', length, etag: `"${'e'.repeat(1_990)}"` } });
    const key = `long/${length}`;
    const landed = await land(source.url, key);
    expect(landed.notes).toEqual([expect.stringMatching(/ETag is too long/)]);
    expect(await land(source.url, key)).toMatchObject({ status: 'landed' });
  });
});

it.each(['', '/a', 'a//b', 'a/../b', './a', 'a/', 'ä'.repeat(513)])('the engine refuses the key %j', async (key) => {
  const source = { url: 'http://127.0.0.1:9/' };
  await expect(transfer(source, landing.destination(key), OPTIONS)).rejects.toThrow(InvalidDestinationError);
});

it('the engine refuses metadata that S3 would not accept', async () => {
  await using source = await startSourceServer();
  const destination = landing.destination('much', { metadata: { note: 'x'.repeat(2_000) } });
  await expect(transfer(hasty(source.url), destination, OPTIONS)).rejects.toThrow(InvalidDestinationError);
});

it('the engine takes the name from Content-Disposition, or from the URL, if no key is given', async () => {
  await using source = await startSourceServer({
    files: { '/a': { contentDisposition: 'attachment; filename="report.csv"' }, '/b.json': {} },
  });
  const { client, bucket } = landing.destination('');
  const land = (path: string) =>
    transfer(hasty(`${source.origin}${path}`), { client, bucket, prefix: 'named/' }, OPTIONS);
  expect(await land('/a')).toMatchObject({ status: 'landed', key: 'named/report.csv' });
  expect(await land('/b.json')).toMatchObject({ status: 'landed', key: 'named/b.json' });
  await expect(land('/')).rejects.toThrow(InvalidDestinationError);
});
