import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, type GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { httpStatus, type Store } from '#run/store.ts';
import { PermanentError } from './permanent-error.ts';
import type { ItemObject } from './processor.ts';

/**
 * After this many failures in a row without a byte between them, the read fails. The SDK's own retries are not counted.
 */
const TRIES_WITHOUT_PROGRESS = 5;

/** A processor asked for the input of an item that has none. */
export class NoInputObjectError extends PermanentError {
  override readonly name = 'NoInputObjectError';
}

/**
 * The object was replaced while it was read. The stream never mixes two versions; the next attempt reads the new
 * version.
 */
export class InputChangedError extends Error {
  override readonly name = 'InputChangedError';
}

/** The object does not exist any more. */
export class InputGoneError extends PermanentError {
  override readonly name = 'InputGoneError';
}

/** Returns the object's bytes as one stream. If a connection breaks, the stream continues by range. */
export function openInput(store: Store, object: ItemObject, signal: AbortSignal): Readable {
  return Readable.from(read(store, object, signal), { objectMode: false, signal });
}

async function* read(store: Store, object: ItemObject, signal: AbortSignal): AsyncGenerator<Buffer> {
  let offset = 0;
  let total: number | undefined;
  let etag: string | undefined;
  for (let failures = 0; ; ) {
    try {
      const answer = await get(store, object, offset, etag, signal);
      etag ??= answer.ETag;
      total ??= answer.ContentLength;
      for await (const chunk of answer.Body as Readable) {
        failures = 0;
        offset += chunk.length;
        yield chunk;
      }
      if (total === undefined || offset === total) return;
      if (offset > total) throw new InputChangedError(`${nameOf(object)} sent only ${offset} bytes of ${total}`);
    } catch (error) {
      // If all bytes arrived and the read still failed, the checksum of the whole object is wrong, and no range remains
      // to request.
      if (signal.aborted || isFinal(error) || offset === total || ++failures === TRIES_WITHOUT_PROGRESS) throw error;
      await sleep(100 * 2 ** failures, undefined, { signal });
    }
  }
}

async function get(
  store: Store,
  object: ItemObject,
  offset: number,
  etag: string | undefined,
  signal: AbortSignal,
): Promise<GetObjectCommandOutput> {
  const resumed = offset > 0 && etag !== undefined;
  try {
    const answer = await store.client.send(
      new GetObjectCommand({
        Bucket: object.bucket,
        Key: object.key,
        ...(resumed ? { Range: `bytes=${offset}-`, IfMatch: etag } : {}),
      }),
      { abortSignal: signal },
    );
    if (resumed && !answer.ContentRange?.startsWith(`bytes ${offset}-`)) {
      (answer.Body as Readable).destroy();
      throw new InputChangedError(
        `${nameOf(object)}: the request began at byte ${offset}, but the answer has ${answer.ContentRange}`,
      );
    }
    return answer;
  } catch (error) {
    const status = httpStatus(error);
    if (status === 412)
      throw new InputChangedError(`${nameOf(object)} was replaced while it was read`, { cause: error });
    if (status === 404) throw new InputGoneError(`${nameOf(object)} does not exist any more`, { cause: error });
    throw error;
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof InputChangedError || error instanceof InputGoneError || httpStatus(error) === 403;
}

function nameOf(object: ItemObject): string {
  return `s3://${object.bucket}/${object.key}`;
}
