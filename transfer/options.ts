import type { S3Client } from '@aws-sdk/client-s3';
import type { SourceGuard } from '#net/guard/source-guard.ts';
import type { Pins } from './errors.ts';
import { HostGate } from './source/host-gate.ts';
import type { SourceReader } from './source/reader.ts';
import type { TransferState } from './state.ts';

/**
 * What to do if the key has an object already.
 * - `update`: ask the source whether it has changed; write if it has.
 * - `overwrite`: write without asking.
 * - `skip`: keep the object, and transfer nothing.
 * - `fail`: throw ObjectExistsError.
 */
export type IfExists = 'update' | 'overwrite' | 'skip' | 'fail';

/** The destination of an object. Pass it again in each process. */
export interface Destination {
  /** The caller's client. The engine never destroys it. */
  readonly client: S3Client;
  /** The name of the bucket. */
  readonly bucket: string;
  /** No empty, `.` or `..` segments: S3 servers read such keys differently. */
  readonly key: string;
  /** What to do if the key has an object already. @default 'update' */
  readonly ifExists?: IfExists;
  /** Further user metadata; names and values count towards S3's 2 KiB. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Replaces the content type of the source. */
  readonly contentType?: string;
  /**
   * Seconds without a byte to or from S3 after which the call is repeated; five times as long for Complete. @default 60
   */
  readonly stallSeconds?: number;
}

/** The number of bytes that S3 has acknowledged, and the total. */
export interface Progress {
  /** Bytes that S3 has acknowledged. */
  readonly bytes: number;
  /** All bytes of the source; undefined if it does not state its length. */
  readonly total: number | undefined;
}

/** Receives the progress, after each part. The engine awaits the returned value. */
export type OnProgress = (progress: Progress) => unknown;

/** How to transfer. Everything has a default. */
export interface TransferOptions {
  /** Connections to the source's host, for all transfers of this process with the same number. @default 8 */
  readonly connections?: number;
  /**
   * The size of one buffer, of the probe and of a part if nothing requires more. Memory is one buffer for each
   * connection, and up to one more for every four, if the source is slower than S3. @default 7 MiB
   */
  readonly bufferBytes?: number;
  /**
   * The smallest part; S3 accepts at least 5 MiB. A part larger than a buffer is piped through two. @default
   * bufferBytes, at least 5 MiB
   */
  readonly partBytes?: number;
  /** The memory for one stream's part buffers, which contain whole parts. @default 480 MiB, enough for 1 TiB */
  readonly streamMemoryBytes?: number;
  /** The size at which a stream of unknown length is stopped. @default 1 TiB */
  readonly maxStreamBytes?: number;
  /** A longer source is refused. @default the largest size of an object */
  readonly maxBytes?: number;
  /** Its abort ends the transfer with the signal's reason, after the upload was aborted. */
  readonly signal?: AbortSignal;
  /** When this process has to return. */
  readonly deadline?: Date;
  /** The versions that earlier beginnings of this transfer read: `pins` of each SourceChangedError. */
  readonly earlier?: readonly Pins[];
  /**
   * Awaited before the first part is sent, so that the caller can record the upload whatever happens next. `state` is
   * present if another process can continue: with `uploadSlice`, or with `resume` if a hash is expected.
   */
  readonly onUploadCreated?: (uploadId: string, state?: TransferState) => Promise<void> | void;
  /**
   * The state of a transfer whose process died and whose expected hash needs one process: all bytes are read again, and
   * only parts that S3 lacks are sent. Transfers without such a hash need no `resume`; they continue with
   * `uploadSlice`.
   */
  readonly resume?: TransferState;
  /** Awaited. Its error ends the transfer; a body that one PutObject stores is already stored then. */
  readonly onProgress?: OnProgress;
  /** How sources are read. @default `laneReader`: the socket writes bodies directly into their buffers */
  readonly reader?: SourceReader;
  /**
   * The permitted hosts and addresses of sources and redirects. Make one guard for the process: `new SourceGuard({
   * openRanges: ['10.0.0.0/8'] })`.
   * @default the public Internet only
   */
  readonly guard?: SourceGuard;
  /**
   * Limits connections per host together with other transfers. @default one of the process for each number of
   * connections
   */
  readonly gate?: HostGate;
}

const MIB = 1_048_576;

export const DEFAULT_OPTIONS = {
  connections: 8,
  /** Larger parts need less CPU and fewer requests, and five such buffers keep four connections within 110 MiB. */
  bufferBytes: 7 * MIB,
  streamMemoryBytes: 480 * MIB,
  maxStreamBytes: 1_048_576 * MIB,
} as const;

const gates = new Map<number, HostGate>();

export function gateOf(options: TransferOptions): HostGate {
  if (options.gate !== undefined) return options.gate;
  const connections = options.connections ?? DEFAULT_OPTIONS.connections;
  const gate = gates.get(connections) ?? new HostGate(connections);
  gates.set(connections, gate);
  return gate;
}
