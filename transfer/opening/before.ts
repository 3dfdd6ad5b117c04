import type { Context } from '../context.ts';
import { ObjectExistsError } from '../errors.ts';
import type { Headers } from '../lane/answer-head.ts';
import { META, readMetadata, sourceHash } from '../object/metadata.ts';
import { isOfType } from '../proof/content-type.ts';
import { crc32ToHex } from '../proof/crc32.ts';
import type { ObjectHead } from '../s3/whole-object.ts';
import type { SourceHead } from '../source/answer.ts';
import type { Expect } from '../source/session.ts';
import { isLikelyNew, rememberLook } from './new-folders.ts';

/** The object at the key before anything is read. */
export interface Before {
  /** Whether this result ends the transfer. */
  readonly skip: boolean;
  readonly object: ObjectHead | undefined;
  /** What has landed before, if the source may answer that it is the same. */
  readonly known: Known | undefined;
  readonly notes: string[];
  /** There was no look: the key is probably new, and the write has to refuse to replace an object. */
  readonly assumed?: true;
}

/** The validators with which an object was landed, and the source that they belong to. */
export interface Known {
  readonly bytes: number;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly urlHash: string;
}

const NOTHING: Before = { skip: false, object: undefined, known: undefined, notes: [] };

/**
 * Returns what is known before the source is asked; without a request if the key is probably new.
 *
 * @throws ObjectExistsError if the caller asked for that.
 */
export async function lookBefore(context: Context): Promise<Before> {
  const { ifExists, store, options } = context;
  if (ifExists === 'overwrite') return NOTHING;
  // The earlier process may have made the object of a resumed transfer.
  if (ifExists === 'update' && options.resume === undefined && isLikelyNew(store)) return { ...NOTHING, assumed: true };
  return look(context);
}

/** Asks S3. @throws ObjectExistsError if the caller asked for that. */
export async function look({ ifExists, store, expect, signal }: Context): Promise<Before> {
  const object = await store.head(signal);
  rememberLook(store, object !== undefined);
  if (object === undefined) return NOTHING;
  if (object === 'forbidden') {
    return { ...NOTHING, notes: [`not permitted to look whether ${store.name} exists (s3:ListBucket, s3:GetObject)`] };
  }
  if (ifExists === 'fail') throw new ObjectExistsError(`${store.name} exists already, and ifExists is "fail"`);
  if (ifExists === 'skip') return { ...NOTHING, skip: true, object };
  return { ...NOTHING, object, known: provesAlready(object, expect) ? knownOf(object) : undefined };
}

/**
 * A 304 says that the source is the same, but not that the present expectations were ever checked: the metadata say
 * that.
 */
function provesAlready({ metadata, bytes, crc, contentType }: ObjectHead, expect: Expect): boolean {
  if (expect.bytes !== undefined && expect.bytes !== bytes) return false;
  if (expect.contentType !== undefined && !isOfType(contentType, expect.contentType)) return false;
  const crcHex = crc === undefined ? undefined : crc32ToHex(crc);
  return (
    same(expect.sha256, readMetadata(metadata, META.sha256)) &&
    same(expect.md5, readMetadata(metadata, META.md5)) &&
    same(expect.crc32, crcHex ?? readMetadata(metadata, META.crc32))
  );
}

function same(expected: string | undefined, proven: string | undefined): boolean {
  return expected === undefined || expected.toLowerCase() === proven?.toLowerCase();
}

function knownOf({ metadata, bytes }: ObjectHead): Known | undefined {
  const urlHash = metadata[META.urlHash];
  // An object of another program may have any metadata; without our token, the validators are not ours.
  if (metadata[META.upload] === undefined || urlHash === undefined) return undefined;
  return {
    bytes,
    etag: readMetadata(metadata, META.etag),
    lastModified: readMetadata(metadata, META.lastModified),
    urlHash,
  };
}

/**
 * The condition uses only an ETag. For a date, 304 means "not newer", which is also true of a file restored from a
 * backup; a source without an ETag is compared by `isSame`.
 */
export function conditionsOf(known: Known | undefined): Headers {
  return known?.etag === undefined ? {} : { 'if-none-match': known.etag };
}

/** Returns whether a 304 is about the landed object: the same source answers, and names no other ETag. */
export function isAbout(known: Known, url: string, head: SourceHead): boolean {
  const sameEtag = head.etag === undefined || opaque(head.etag) === opaque(known.etag ?? '');
  return sameEtag && known.urlHash === sourceHash(url, head.url);
}

/** Returns whether a source whose answer came without a condition still has the landed version. */
export function isStill(known: Known, url: string, head: SourceHead, total: number | undefined): boolean {
  if (known.etag === undefined || head.etag === undefined) return isSame(known, url, head, total);
  return isAbout(known, url, head) && known.bytes === total;
}

/**
 * Returns whether a source without an ETag has the landed version: the same date to the second, and the same length.
 */
export function isSame(known: Known, url: string, head: SourceHead, total: number | undefined): boolean {
  if (known.etag !== undefined || head.etag !== undefined || known.lastModified === undefined) return false;
  return (
    known.lastModified === head.lastModified && known.bytes === total && known.urlHash === sourceHash(url, head.url)
  );
}

/** If-None-Match compares weakly (RFC 9110, 13.1.2). */
function opaque(etag: string): string {
  return etag.replace(/^W\//, '');
}
