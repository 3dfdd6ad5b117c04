import { createHash } from 'node:crypto';
import type { Expect } from '../source/session.ts';

/** S3's limit is 2 KiB of user metadata, names included; the difference is left for what a proxy or a tag may add. */
const MAX_BYTES = 2_000;

/** The names under which the engine keeps its own things at an object, as `x-amz-meta-…`. */
export const META = {
  /** Random, made at Create or PutObject: tells the engine's own object from another's after a lost answer. */
  upload: 'sluice-upload',
  url: 'source-url',
  /** Of the whole URL, query included, and of where its redirects led: what the validators are of. */
  urlHash: 'source-url-sha256',
  etag: 'source-etag',
  lastModified: 'source-last-modified',
  sha256: 'expected-sha256',
  md5: 'expected-md5',
  crc32: 'expected-crc32',
} as const;

export interface MetadataInput {
  readonly token: string;
  /** Without its secrets. */
  readonly url: string;
  /** As `sourceHash` makes it. */
  readonly urlHash: string;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly expect: Expect;
  /** The caller's own. */
  readonly user: Readonly<Record<string, string>>;
}

/**
 * What an object's validators belong to. An ETag or a date says nothing of another URL's file, however equal it is.
 *
 * @param url as the caller gave it. Its query may be all that tells one file from another, and may hold a secret: so a hash.
 * @param final where the redirects led. Its query is left out, since presigned URLs have another one each time.
 */
export function sourceHash(url: string, final: URL): string {
  const given = new URL(url);
  given.hash = '';
  const led = given.origin === final.origin && given.pathname === final.pathname ? '' : final.origin + final.pathname;
  return createHash('sha256').update(`${given.href}\n${led}`).digest('hex');
}

/**
 * The object's metadata: ASCII (anything else percent-encoded), and no more than S3 takes. Where it is too much, the URL
 * goes first, which the transfer's record holds anyway, then the validators, and with them the next run's `unchanged`.
 *
 * @returns undefined where the caller's own metadata alone are too many bytes.
 */
export function objectMetadata(
  input: MetadataInput,
): { metadata: Record<string, string>; notes: string[] } | undefined {
  const notes: string[] = [];
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(input.user)) metadata[name.toLowerCase()] = encode(value);
  // Last: whoever copies the metadata of an earlier object has an earlier token among them.
  metadata[META.upload] = input.token;
  if (bytesOf(metadata) > MAX_BYTES) return undefined;
  const add = (names: Record<string, string | undefined>, note: string) => {
    const more = Object.fromEntries(
      Object.entries(names).flatMap(([name, value]) => (value === undefined ? [] : [[name, encode(value)]])),
    );
    if (bytesOf(metadata) + bytesOf(more) <= MAX_BYTES) Object.assign(metadata, more);
    else notes.push(note);
  };
  const { sha256, md5, crc32 } = input.expect;
  add(
    { [META.sha256]: sha256, [META.md5]: md5, [META.crc32]: crc32 },
    'no room in the metadata for the expected hashes',
  );
  add(
    input.etag === undefined && input.lastModified === undefined
      ? {}
      : { [META.etag]: input.etag, [META.lastModified]: input.lastModified, [META.urlHash]: input.urlHash },
    'the source ETag is too long for the metadata: the next run reads the source again even if it is unchanged',
  );
  add({ [META.url]: input.url }, 'the source URL is too long for the metadata');
  return { metadata, notes };
}

/** A value as it was before `objectMetadata`. */
export function readMetadata(metadata: Readonly<Record<string, string>>, name: string): string | undefined {
  const value = metadata[name];
  if (value === undefined) return undefined;
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined; // Somebody else wrote it.
  }
}

function encode(value: string): string {
  return value.replace(/[^\x20-\x24\x26-\x7e]|^ | $/gu, (character) => encodeURIComponent(character));
}

function bytesOf(metadata: Readonly<Record<string, string>>): number {
  return Object.entries(metadata).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}
