import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import * as z from '#net/zod.ts';
import { isTooDeep, MOST_LEVELS } from './input/nesting.ts';
import { isOfNewerVersion, issuesText, NewerVersionError } from './newer-version.ts';

/** A bucket and its client: the parameter of every function that reads or writes a run's objects. */
export interface Store {
  readonly client: S3Client;
  readonly bucket: string;
}

/** A record doesn't fit its schema: another version or a person wrote it. */
export class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError';
}

/** What a conditional write demands: there is no object under the key, or it is still the one with this ETag. */
export type WriteCondition = 'absent' | { readonly etag: string };

/**
 * Writes an object if its condition holds. A 409 says that another write of this key was under way, so the write is
 * tried again.
 *
 * @returns `refused` if the condition does not hold: the object exists, was replaced, or was deleted.
 */
export async function writeIf(
  store: Store,
  key: string,
  condition: WriteCondition,
  { body, type = 'application/json' }: { readonly body: string; readonly type?: string },
): Promise<'written' | 'refused'> {
  for (let attempt = 1; ; attempt++) {
    try {
      await store.client.send(
        new PutObjectCommand({
          Bucket: store.bucket,
          Key: key,
          Body: body,
          ContentType: type,
          ...(condition === 'absent' ? { IfNoneMatch: '*' } : { IfMatch: condition.etag }),
        }),
      );
      return 'written';
    } catch (error) {
      const status = httpStatus(error);
      if (status === 412 || (status === 404 && condition !== 'absent')) return 'refused';
      if (status !== 409 || attempt === CONFLICTS) throw error;
      await pauseAfterConflict(attempt);
    }
  }
}

/**
 * Writes a JSON object that must never change once it exists, so that a repeated step or a duplicate message does
 * nothing twice.
 *
 * @returns `exists` if the object existed before. Its content then stays.
 */
export async function writeOnce(store: Store, key: string, value: unknown): Promise<'written' | 'exists'> {
  const answer = await writeIf(store, key, 'absent', { body: JSON.stringify(value) });
  return answer === 'written' ? 'written' : 'exists';
}

/** How often a conditional write is tried. */
const CONFLICTS = 8;

/**
 * Waits before the next attempt of a conditional write that another writer of the key has hindered. The pause has
 * jitter, so that the same writers don't meet again.
 *
 * @param attempt how often the write was tried, from 1: the pause is up to 50 ms after the first, twice that after each
 * next, 1 s at most.
 */
export async function pauseAfterConflict(attempt: number): Promise<void> {
  await sleep(Math.random() * Math.min(1_000, 50 * 2 ** (attempt - 1)));
}

/** S3 refused a write because the object exists, but the object does not exist. Writing again is right. */
export class NoSuchWinnerError extends Error {
  override readonly name = 'NoSuchWinnerError';
}

/**
 * Writes a JSON object once, as {@link writeOnce} does, for values that no other writer writes. If the object exists,
 * it reads the object: the answer to a first request may have been lost, and the SDK's second request then finds what
 * the first one wrote.
 *
 * @returns `exists` if another writer wrote the object.
 * @throws NoSuchWinnerError if S3 reports that the object exists, and it does not.
 */
export async function writeOwn(store: Store, key: string, value: object): Promise<'written' | 'exists'> {
  if ((await writeOnce(store, key, value)) === 'written') return 'written';
  const there = await readJson(store, key, z.unknown());
  if (there === undefined) {
    throw new NoSuchWinnerError(
      `S3 refused to write s3://${store.bucket}/${key} because it exists, but it does not exist`,
    );
  }
  return JSON.stringify(there) === JSON.stringify(value) ? 'written' : 'exists';
}

/** Writes a JSON object and replaces an existing one. Only for objects with one writer at a time. */
export async function writeJson(store: Store, key: string, value: unknown): Promise<void> {
  await store.client.send(
    new PutObjectCommand({
      Bucket: store.bucket,
      Key: key,
      Body: JSON.stringify(value),
      ContentType: 'application/json',
    }),
  );
}

/**
 * Reads a JSON object and checks its shape.
 *
 * @param mostBytes a longer object isn't read. @default any length
 * @returns undefined if the object does not exist.
 * @throws UnreadableRecordError, which names the key and every problem, if the content doesn't fit the schema or is too
 * long; NewerVersionError if the reason is that a newer version wrote it.
 */
export async function readJson<T>(
  store: Store,
  key: string,
  schema: z.core.$ZodType<T>,
  mostBytes?: number,
): Promise<T | undefined> {
  return (await readTagged(store, key, schema, mostBytes))?.value;
}

/** Reads the object together with the ETag that a conditional write needs. */
export async function readTagged<T>(
  store: Store,
  key: string,
  schema: z.core.$ZodType<T>,
  mostBytes = Number.POSITIVE_INFINITY,
): Promise<{ value: T; etag: string } | undefined> {
  let text: string;
  let etag: string;
  try {
    const answer = await store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key: key }));
    const bytes = answer.ContentLength ?? 0;
    if (bytes > mostBytes) {
      (answer.Body as Readable | undefined)?.destroy();
      throw new UnreadableRecordError(
        `s3://${store.bucket}/${key} has ${bytes} bytes, more than the allowed ${mostBytes}`,
      );
    }
    text = (await answer.Body?.transformToString()) ?? '';
    etag = answer.ETag ?? '';
  } catch (error) {
    if (httpStatus(error) === 404) return undefined;
    throw error;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new UnreadableRecordError(`s3://${store.bucket}/${key} is not JSON`, { cause });
  }
  if (isTooDeep(json)) {
    throw new UnreadableRecordError(`s3://${store.bucket}/${key}: (root): is nested deeper than ${MOST_LEVELS} levels`);
  }
  const parsed = z.safeParse(schema, json);
  if (parsed.success) return { value: parsed.data, etag };
  const found = `s3://${store.bucket}/${key}: ${issuesText(parsed.error.issues)}`;
  if (isOfNewerVersion(json, parsed.error.issues)) {
    throw new NewerVersionError(`a record was written by a newer version of Sluice: ${found}`);
  }
  throw new UnreadableRecordError(found);
}

/** Returns what S3 says about an object without its content; undefined if the object does not exist. */
export async function headOf({ client, bucket }: Store, key: string): Promise<HeadObjectCommandOutput | undefined> {
  try {
    return await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
  } catch (error) {
    if (httpStatus(error) === 404) return undefined;
    throw error;
  }
}

/** The keys below a prefix, in S3's order, a page of 1,000 at a time. */
export async function* listKeys(store: Store, prefix: string): AsyncGenerator<string> {
  for await (const page of paginateListObjectsV2({ client: store.client }, { Bucket: store.bucket, Prefix: prefix })) {
    for (const object of page.Contents ?? []) if (object.Key !== undefined) yield object.Key;
  }
}

/** Returns the HTTP status of an error of the AWS SDK, or undefined if no answer came. */
export function httpStatus(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}
