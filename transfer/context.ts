import { InvalidDestinationError } from './errors.ts';
import { DEFAULT_OPTIONS, type Destination, gateOf, type IfExists, type TransferOptions } from './options.ts';
import { MIN_PART_BYTES } from './parts/plan.ts';
import { ObjectStore } from './s3/object-store.ts';
import { type Expect, type Source, SourceSession } from './source/session.ts';

/**
 * All that one process needs for a transfer, from open to close: the caller's options with their defaults, the source
 * and the destination.
 */
export interface Context {
  readonly source: Source;
  readonly expect: Expect;
  readonly session: SourceSession;
  readonly destination: Destination;
  readonly ifExists: IfExists;
  readonly store: ObjectStore;
  readonly options: TransferOptions;
  readonly connections: number;
  readonly bufferBytes: number;
  readonly partBytes: number;
  readonly signal: AbortSignal;
}

/** @throws RedirectError if the source's URL is invalid. */
export function sessionOf(source: Source, options: TransferOptions): SourceSession {
  return new SourceSession(source, gateOf(options), options.reader, options.guard);
}

/** The number of attempts after the first ones, at the source and at S3. */
export function retriesOf({ session, store }: Context): number {
  return session.retries + store.attempts.repeats;
}

/** @throws InvalidDestinationError; RedirectError if the source's URL is invalid. */
export function contextOf(
  source: Source,
  destination: Destination,
  options: TransferOptions,
  session: SourceSession = sessionOf(source, options),
): Context {
  checkKey(destination.key);
  const bufferBytes = options.bufferBytes ?? DEFAULT_OPTIONS.bufferBytes;
  return {
    source,
    expect: source.expect ?? {},
    session,
    destination,
    ifExists: destination.ifExists ?? 'update',
    store: new ObjectStore(destination.client, destination.bucket, destination.key, destination.stallSeconds),
    options,
    connections: options.connections ?? DEFAULT_OPTIONS.connections,
    bufferBytes,
    partBytes: options.partBytes ?? Math.max(MIN_PART_BYTES, bufferBytes),
    signal: options.signal ?? new AbortController().signal,
  };
}

function checkKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes === 0 || bytes > 1_024) {
    throw new InvalidDestinationError(`a key takes 1 to 1,024 bytes, "${key.slice(0, 60)}" has ${bytes}`);
  }
  if (!key.isWellFormed() || key.includes('\0')) {
    throw new InvalidDestinationError(
      `the key ${JSON.stringify(key)} contains half a surrogate pair or a zero byte, which S3 can't store`,
    );
  }
  if (key.split('/').some((segment) => segment === '' || segment === '.' || segment === '..')) {
    throw new InvalidDestinationError(
      `the key "${key}" has an empty, "." or ".." segment: S3 servers disagree on those`,
    );
  }
}
