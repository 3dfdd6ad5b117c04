import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, expect, it } from 'vitest';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { startRawServer } from '#test/helpers/raw-server.ts';
import { InvalidDestinationError, InvalidOptionsError, openTransfer, transfer } from '#transfer/index.ts';

const client = new S3Client({ region: 'eu-central-1' });
afterAll(() => client.destroy());

const URL_ = 'http://127.0.0.1:1/file';
const TO = { client, bucket: 'bucket', key: 'key' };

/** As a program without types may call. */
async function problems(source: unknown, destination: unknown, options: unknown): Promise<readonly string[]> {
  const error = await transfer(source as never, destination as never, options as never).catch(
    (reason: unknown) => reason,
  );
  if (!(error instanceof InvalidOptionsError)) throw error;
  return error.problems;
}

it.each<[string, unknown]>([
  ['connections', 0],
  ['connections', -1],
  ['connections', ''],
  ['connections', '8'],
  ['connections', Number.NaN],
  ['connections', 1.5],
  ['connections', null],
  ['bufferBytes', 1],
  ['bufferBytes', Number.POSITIVE_INFINITY],
  ['partBytes', 5_767_168.5],
  ['partBytes', 5 * 1024 ** 2 - 1],
  ['partBytes', 6 * 1024 ** 3],
  ['streamMemoryBytes', -1],
  ['maxStreamBytes', Number.NaN],
  ['maxBytes', -1],
  ['deadline', new Date(Date.now() - 1_000)],
  ['deadline', new Date(Number.NaN)],
  ['deadline', Date.now() + 60_000],
  ['signal', {}],
  ['signal', new AbortController()],
  ['onProgress', 'print'],
  ['reader', {}],
  ['gate', {}],
  ['guard', {}],
  ['resume', {}],
])('refuses %s: %s, by its name', async (name, value) => {
  const found = await problems({ url: URL_ }, TO, { guard: LOOPBACK, [name]: value });
  expect(found).toEqual([expect.stringMatching(new RegExp(`^${name} is .*, and takes `))]);
});

it.each<[string, unknown, string]>([
  ['neither a key nor a prefix', { client, bucket: 'b' }, 'neither a key nor a prefix'],
  ['both', { client, bucket: 'b', key: 'k', prefix: 'p/' }, 'a key and a prefix'],
  ['a key that is no text', { client, bucket: 'b', key: 7 }, 'destination.key is 7'],
  ['no bucket', { client, key: 'k' }, 'destination.bucket is undefined'],
  ['no client', { bucket: 'b', key: 'k' }, 'destination.client is undefined'],
  ['another word for ifExists', { ...TO, ifExists: 'replace' }, 'destination.ifExists is "replace"'],
  ['no time for S3', { ...TO, stallSeconds: 0 }, 'destination.stallSeconds is 0'],
  ['metadata that are no texts', { ...TO, metadata: { a: 1 } }, 'destination.metadata'],
  ['a name of metadata with a space', { ...TO, metadata: { 'a b': 'c' } }, 'destination.metadata'],
  ['a name of metadata that is not ASCII', { ...TO, metadata: { ü: 'c' } }, 'destination.metadata'],
  ['a content type with a line end', { ...TO, contentType: 'text/csv\r\nx-a: b' }, 'destination.contentType'],
  ['a content type that is not ASCII', { ...TO, contentType: 'text/ü' }, 'destination.contentType'],
  ['nothing', undefined, 'destination is undefined'],
])('refuses a destination with %s', async (_, destination, words) => {
  expect((await problems({ url: URL_ }, destination, {})).join()).toContain(words);
});

it.each<[string, unknown, string]>([
  ['url', { url: '' }, 'source.url is "", and takes an http or https URL'],
  ['url', { url: 'ftp://user:secret@host/x' }, 'source.url is "ftp://host/x", and takes an http or https URL'],
  ['url', { url: 'nonsense' }, 'source.url is "(not a URL)", and takes an http or https URL'],
  ['headers', { url: URL_, headers: 5 }, 'source.headers is 5'],
  ['headers', { url: URL_, headers: { 'x-a': 'a\r\nx-b: b' } }, 'source.headers["x-a"] is not valid, and takes a text'],
  ['headers', { url: URL_, headers: { 'x a': 'a' } }, 'source.headers["x a"] is not valid, and takes another name'],
  ['expect.sha256', { url: URL_, expect: { sha256: 'abc' } }, 'source.expect.sha256 is "abc"'],
  ['expect.bytes', { url: URL_, expect: { bytes: 1.5 } }, 'source.expect.bytes is 1.5'],
  ['limits.attempts', { url: URL_, limits: { attempts: 0 } }, 'source.limits.attempts is 0'],
  ['limits.idleSeconds', { url: URL_, limits: { idleSeconds: '30' } }, 'source.limits.idleSeconds is "30"'],
])('refuses a source for its %s', async (_, source, words) => {
  expect((await problems(source, TO, {})).join()).toContain(words);
});

it('the check of the options names all problems at once, and sends no request', async () => {
  await using server = await startRawServer(() => {});
  const given = { connections: 0, partBytes: 5_767_168.5, bufferBytes: 1, deadline: new Date(0), signal: {} };
  const to = { client, bucket: 'b' } as never;
  for (const begin of [transfer, openTransfer]) {
    const error = await begin({ url: server.url }, to, given as never).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'InvalidOptionsError' });
    for (const name of ['connections', 'partBytes', 'bufferBytes', 'deadline', 'signal', 'key']) {
      expect((error as Error).message).toContain(name);
    }
  }
  expect(server.accepted).toBe(0);
});

it.each(['a\ud800b', 'a\0b'])('refuses the key %j, which no S3 stores', async (key) => {
  const error = await transfer({ url: URL_ }, { ...TO, key }, {}).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InvalidDestinationError);
});
