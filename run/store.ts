import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { GetObjectCommand, PutObjectCommand, paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { isTooDeep, MOST_LEVELS } from './input/nesting.ts';
import { isOfNewerVersion, NewerVersionError } from './newer-version.ts';

/** A bucket and the client to reach it: what every function on a run's objects takes. */
export interface Store {
  readonly client: S3Client;
  readonly bucket: string;
}

/** A record that doesn't have the shape of its schema: written by another version, or by somebody's hand. */
export class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError';
}

/**
 * Writes a JSON object that must never change once it is there (If-None-Match), so that a repeated step or a duplicate
 * message does nothing twice.
 *
 * @returns `exists` where the object was there before; its content is then somebody's earlier word and stays.
 */
export async function writeOnce(store: Store, key: string, value: unknown): Promise<'written' | 'exists'> {
  for (let attempt = 1; ; attempt++) {
    try {
      await store.client.send(
        new PutObjectCommand({
          Bucket: store.bucket,
          Key: key,
          Body: JSON.stringify(value),
          ContentType: 'application/json',
          IfNoneMatch: '*',
        }),
      );
      return 'written';
    } catch (error) {
      const status = httpStatus(error);
      if (status === 412) return 'exists';
      if (status !== 409 || attempt === CONFLICTS) throw error;
      await pauseAfterConflict(attempt);
    }
  }
}

/** So often a conditional write is tried. */
export const CONFLICTS = 8;

/**
 * Waits before a conditional write is tried again that S3 answered with 409: another one of this key was under way. With
 * jitter, so that those that met don't meet again.
 *
 * @param attempt how often it was tried, from 1: up to 50 ms after the first, twice that after each next, 1 s at most.
 */
export async function pauseAfterConflict(attempt: number): Promise<void> {
  await sleep(Math.random() * Math.min(1_000, 50 * 2 ** (attempt - 1)));
}

/** S3 refused a write because the object exists, and has no such object. Writing again is right. */
export class NoSuchWinnerError extends Error {
  override readonly name = 'NoSuchWinnerError';
}

/**
 * Writes a JSON object once, as {@link writeOnce} does, where no other writer writes the same value. It reads an object
 * that exists: the answer to a first request may have been lost, and the SDK's second one then finds what the first wrote.
 *
 * @returns `exists` where the object is another writer's.
 * @throws NoSuchWinnerError where S3 says that there is an object, and there is none.
 */
export async function writeOwn(store: Store, key: string, value: object): Promise<'written' | 'exists'> {
  if ((await writeOnce(store, key, value)) === 'written') return 'written';
  const there = await readJson(store, key, z.unknown());
  if (there === undefined) {
    throw new NoSuchWinnerError(`S3 refused to write s3://${store.bucket}/${key}, as if it existed, and it does not`);
  }
  return isDeepStrictEqual(there, JSON.parse(JSON.stringify(value))) ? 'written' : 'exists';
}

/** Writes a JSON object, replacing what was there. Only for objects with one writer at a time. */
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
 * @returns undefined where there is none.
 * @throws UnreadableRecordError naming the key and every problem, where the content doesn't fit the schema, or is longer;
 *   NewerVersionError where that is because a newer version wrote it.
 */
export async function readJson<T>(
  store: Store,
  key: string,
  schema: z.ZodType<T>,
  mostBytes?: number,
): Promise<T | undefined> {
  return (await readTagged(store, key, schema, mostBytes))?.value;
}

/** The same, with the ETag that a conditional write needs. */
export async function readTagged<T>(
  store: Store,
  key: string,
  schema: z.ZodType<T>,
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
        `s3://${store.bucket}/${key} has ${bytes} bytes, more than the ${mostBytes} that are read`,
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
  const parsed = schema.safeParse(json);
  if (parsed.success) return { value: parsed.data, etag };
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`);
  const found = `s3://${store.bucket}/${key}: ${problems.join('; ')}`;
  if (isOfNewerVersion(json, parsed.error.issues)) {
    throw new NewerVersionError(`a record was written by a newer version of Sluice: ${found}`);
  }
  throw new UnreadableRecordError(found);
}

/** The keys below a prefix, in S3's order, a page of 1,000 at a time. */
export async function* listKeys(store: Store, prefix: string): AsyncGenerator<string> {
  for await (const page of paginateListObjectsV2({ client: store.client }, { Bucket: store.bucket, Prefix: prefix })) {
    for (const object of page.Contents ?? []) if (object.Key !== undefined) yield object.Key;
  }
}

/** The HTTP status of an error that the AWS SDK threw, undefined where no answer came. */
export function httpStatus(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}
