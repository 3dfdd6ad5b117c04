import { createHash } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { readItems } from '#cli/report/read-run.ts';
import { OUTPUT_PREFIX, RUNS_PREFIX, runKeys } from '#run/keys.ts';
import { type ResultRecord, resultSchema } from '#run/ledger/records.ts';
import { NewerVersionError } from '#run/newer-version.ts';
import { listKeys, readJson, type Store, UnreadableRecordError } from '#run/store.ts';

/** A landed object that was copied to this machine. */
export interface CollectedObject {
  readonly key: string;
  readonly bytes: number;
  /** The hash of the file that was written here. */
  readonly sha256: string;
}

/** What was copied of a run, and what could not be copied. */
export interface CollectedRun {
  /** The landed objects. */
  readonly objects: readonly CollectedObject[];
  /** A sentence for each object that was not copied: it stays in the bucket. */
  readonly notCopied: readonly string[];
}

/** An object can't be a file on this machine's disk. The other objects can still be copied. */
class NotCopiedError extends Error {
  override readonly name = 'NotCopiedError';
}

/**
 * Copies what a run landed and wrote into a folder: `objects/<key>`, `output/…` under the processors' names, and the
 * run's own records under `run/`.
 *
 * A bucket can have keys that a disk can't: `a` beside `a/b`, names of more than 255 bytes, and keys that differ only
 * by case if the disk ignores case. Such an object is reported, and the rest is copied. Other programs may have written
 * the records, so nothing is written outside the folder, whatever keys the records contain.
 */
export async function collectRun(
  store: Store,
  runId: string,
  folder: string,
  signal: AbortSignal,
): Promise<CollectedRun> {
  const objects: CollectedObject[] = [];
  const notCopied: string[] = [];
  const copy = async (key: string, path: string) => {
    try {
      return await download(store, key, fileAt(folder, path), signal);
    } catch (error) {
      signal.throwIfAborted();
      const why = whyNotCopied(error);
      if (why === undefined) throw error;
      notCopied.push(`${key} is not copied: ${why}`);
      return undefined;
    }
  };
  for await (const { item, landed, result, leftOut } of readItems(store, runId)) {
    if (landed !== undefined) {
      const { key } = landed;
      const file = await copy(key, `objects/${key}`);
      if (file !== undefined) objects.push({ key, ...file });
    }
    const whole = leftOut === undefined ? result : await wholeResult(store, runId, item);
    for (const { key } of whole?.outputs ?? []) {
      if (key.startsWith(OUTPUT_PREFIX)) await copy(key, key);
      else notCopied.push(`${key} is not copied: a processor's output is below ${OUTPUT_PREFIX}`);
    }
  }
  const records = `${RUNS_PREFIX}${runId}/`;
  for await (const key of listKeys(store, records)) {
    // These are the pieces that items.jsonl was joined from.
    if (!key.startsWith(runKeys(runId).ends)) await copy(key, `run/${key.slice(records.length)}`);
  }
  return { objects, notCopied };
}

/** The complete result of an item whose line in the report is shortened; undefined if it can't be read. */
async function wholeResult(store: Store, runId: string, item: string): Promise<ResultRecord | undefined> {
  try {
    return await readJson(store, runKeys(runId).record('results', item), resultSchema);
  } catch (error) {
    if (error instanceof UnreadableRecordError || error instanceof NewerVersionError) return undefined;
    throw error;
  }
}

/** @throws NotCopiedError for a path outside of the folder. */
function fileAt(folder: string, path: string): string {
  if (path.split('/').some((segment) => segment === '' || segment === '.' || segment === '..') || path.includes('\0')) {
    throw new NotCopiedError('its key is not a path below a folder');
  }
  return join(folder, path);
}

/**
 * Returns why only this object can't be a file here. Returns undefined for an error that concerns all objects, such as
 * a full disk.
 */
function whyNotCopied(error: unknown): string | undefined {
  if (error instanceof NotCopiedError) return error.message;
  const { code, name } = error as NodeJS.ErrnoException;
  switch (code ?? name) {
    case 'EEXIST':
      return 'another object of the run already uses its file or folder on this disk';
    case 'ENOTDIR':
    case 'EISDIR':
      return 'another object of the run has that name, and on this disk a name is either a file or a folder';
    case 'ENAMETOOLONG':
      return 'a part of its key is longer than this disk permits for a file name';
    case 'EILSEQ':
    case 'EINVAL':
      return 'this disk does not permit a file with that name';
    case 'NoSuchKey':
      return 'it is no longer in the bucket';
    default:
      return undefined;
  }
}

async function download(store: Store, key: string, file: string, signal: AbortSignal) {
  await mkdir(dirname(file), { recursive: true });
  // "wx" refuses an existing file. On a disk that ignores case, this may be the second of two keys.
  const handle = await open(file, 'wx');
  try {
    const { Body } = await store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key: key }), {
      abortSignal: signal,
    });
    if (Body === undefined) throw new Error(`s3://${store.bucket}/${key} came without a body`);
    const hash = createHash('sha256');
    let bytes = 0;
    const chunks = Body as AsyncIterable<Uint8Array>;
    const hashed = async function* () {
      for await (const chunk of chunks) {
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    };
    await pipeline(hashed, handle.createWriteStream(), { signal });
    return { bytes, sha256: hash.digest('hex') };
  } catch (error) {
    await handle.close();
    await rm(file, { force: true });
    throw error;
  }
}
