import { createHash } from 'node:crypto';
import type { Expect } from '../source/session.ts';

/** S3's limit is 2 KiB of user metadata, names included; the rest is reserved for what a proxy or a tag may add. */
const MAX_BYTES = 2_000;

/** The names of the engine's own metadata of an object, as `x-amz-meta-…`. */
export const META = {
  /** A random token, made at Create or PutObject. With it the engine recognises its own object after a lost answer. */
  upload: 'sluice-upload',
  url: 'source-url',
  /**
   * The hash of the whole URL with its query, and of the URL to which it redirected: the validators belong to these.
   */
  urlHash: 'source-url-sha256',
  etag: 'source-etag',
  lastModified: 'source-last-modified',
  sha256: 'expected-sha256',
  md5: 'expected-md5',
  crc32: 'expected-crc32',
} as const;

export interface MetadataInput {
  readonly token: string;
  /** The URL without its secrets. */
  readonly url: string;
  /** The result of `sourceHash`. */
  readonly urlHash: string;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly expect: Expect;
  /** The caller's own. */
  readonly user: Readonly<Record<string, string>>;
}

/**
 * Identifies the source that an object's validators belong to. An equal ETag or date of another URL proves nothing.
 *
 * @param url from the caller. Its query may be the only difference between two files, and may be secret, so the result
 * is a hash.
 * @param final the URL to which it redirected, without the query, because presigned URLs have a different one each
 * time.
 */
export function sourceHash(url: string, final: URL): string {
  const given = new URL(url);
  given.hash = '';
  const led = given.origin === final.origin && given.pathname === final.pathname ? '' : final.origin + final.pathname;
  return createHash('sha256').update(`${given.href}\n${led}`).digest('hex');
}

/**
 * Returns the object's metadata: ASCII (other characters percent-encoded), within S3's limit. If it is too much, first
 * the URL is dropped, which the transfer's record contains anyway, then the validators, and with them `unchanged` in
 * the next run.
 *
 * @returns undefined if the metadata of the caller are already too many bytes.
 */
export function objectMetadata(
  input: MetadataInput,
): { metadata: Record<string, string>; notes: string[] } | undefined {
  const notes: string[] = [];
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(input.user)) metadata[name.toLowerCase()] = encode(value);
  // This is set last: metadata that a caller copies from an earlier object contain an earlier token.
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

/** Decodes a value of `objectMetadata`. */
export function readMetadata(metadata: Readonly<Record<string, string>>, name: string): string | undefined {
  const value = metadata[name];
  if (value === undefined) return undefined;
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined; // Another program wrote it.
  }
}

function encode(value: string): string {
  return value.replace(/[^\x20-\x24\x26-\x7e]|^ | $/gu, (character) => encodeURIComponent(character));
}

function bytesOf(metadata: Readonly<Record<string, string>>): number {
  return Object.entries(metadata).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}
