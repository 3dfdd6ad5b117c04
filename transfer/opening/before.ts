import type { Context } from '../context.ts';
import { ObjectExistsError } from '../errors.ts';
import { META, readMetadata } from '../object/metadata.ts';
import { crc32ToHex } from '../proof/crc32.ts';
import type { ObjectHead } from '../s3/whole-object.ts';
import type { Headers } from '../source/reader.ts';
import type { Expect } from '../source/session.ts';

/** What stands at the key before anything is read. */
export interface Before {
  /** Whether that alone ends the transfer. */
  readonly skip: boolean;
  readonly object: ObjectHead | undefined;
  /** The validators of what has landed, to ask the source whether it has changed since. */
  readonly conditions: Headers;
  readonly notes: string[];
}

/** @throws ObjectExistsError where that is what was asked for. */
export async function lookBefore({ ifExists, store, expect, signal }: Context): Promise<Before> {
  const nothing: Before = { skip: false, object: undefined, conditions: {}, notes: [] };
  if (ifExists === 'overwrite') return nothing;
  const object = await store.head(signal);
  if (object === undefined) return nothing;
  if (object === 'forbidden') {
    return { ...nothing, notes: [`not permitted to look whether ${store.name} exists (s3:ListBucket, s3:GetObject)`] };
  }
  if (ifExists === 'fail') throw new ObjectExistsError(`${store.name} exists already, and ifExists is "fail"`);
  if (ifExists === 'skip') return { ...nothing, skip: true, object };
  return { ...nothing, object, conditions: provesAlready(object, expect) ? conditionsOf(object) : {} };
}

/** A 304 says that the source is the same, not that what is expected now was ever checked: the metadata say that. */
function provesAlready({ metadata, bytes, crc }: ObjectHead, expect: Expect): boolean {
  if (expect.bytes !== undefined && expect.bytes !== bytes) return false;
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

function conditionsOf({ metadata }: ObjectHead): Headers {
  // Another's object may carry anything; without our token the validators are not our word.
  if (metadata[META.upload] === undefined) return {};
  const etag = readMetadata(metadata, META.etag);
  // If-None-Match wins where both are sent; a date alone is for sources that have no ETag.
  if (etag !== undefined) return { 'if-none-match': etag };
  const lastModified = readMetadata(metadata, META.lastModified);
  return lastModified === undefined ? {} : { 'if-modified-since': lastModified };
}
