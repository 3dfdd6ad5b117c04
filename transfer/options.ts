import type { S3Client } from '@aws-sdk/client-s3';
import type { SourceGuard } from '#net/guard/source-guard.ts';
import type { Pins } from './errors.ts';
import { HostGate } from './source/host-gate.ts';
import type { SourceReader } from './source/reader.ts';
import type { TransferState } from './state.ts';

/**
 * What to do where the key holds an object already.
 * - `update`: ask the source whether it has changed since; write where it has.
 * - `overwrite`: write without asking.
 * - `skip`: leave it.
 * - `fail`: throw ObjectExistsError.
 */
export type IfExists = 'update' | 'overwrite' | 'skip' | 'fail';

/** Where an object goes. Given anew in each process. */
export interface Destination {
  readonly client: S3Client;
  readonly bucket: string;
  /** No empty, `.` or `..` segments: S3 servers disagree on what such keys name. */
  readonly key: string;
  /** @default 'update' */
  readonly ifExists?: IfExists;
  /** Further user metadata; names and values count towards S3's 2 KiB. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Instead of what the source says. */
  readonly contentType?: string;
  /** Without a byte to or from S3, then the call is repeated; five times as long for Complete. @default 60 */
  readonly stallSeconds?: number;
}

/** Bytes that S3 has acknowledged, of those that there are. */
export interface Progress {
  readonly bytes: number;
  readonly total: number | undefined;
}

/** What it returns is awaited. */
export type OnProgress = (progress: Progress) => unknown;

export interface TransferOptions {
  /** Connections to the source's host, over all transfers of this process that are set to the same number. @default 8 */
  readonly connections?: number;
  /** Of one buffer, of the probe and of a part where nothing asks for more. Memory is one for each connection, and up to one more for every second, where the source is slower than S3. @default 5 MiB */
  readonly bufferBytes?: number;
  /** The smallest part; S3 takes no less than 5 MiB. One larger than a buffer is piped through two. @default bufferBytes, at least 5 MiB */
  readonly partBytes?: number;
  /** Budget of one stream's part buffers, which have to hold whole parts. @default 480 MiB, enough for 1 TiB */
  readonly streamMemoryBytes?: number;
  /** Where a stream of unknown length is given up. @default 1 TiB */
  readonly maxStreamBytes?: number;
  /** A source that is longer is refused. @default what an object can hold */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
  /** When this process has to be done with what it was called for. */
  readonly deadline?: Date;
  /** The versions that earlier beginnings of this transfer saw change: `pins` of each SourceChangedError. */
  readonly earlier?: readonly Pins[];
  /**
   * Awaited before the first part is sent, so that the caller's records know of the upload whatever happens next.
   * `state` is there where another process can go on: by `uploadSlice`, or by `resume` where a hash is expected.
   */
  readonly onUploadCreated?: (uploadId: string, state?: TransferState) => Promise<void> | void;
  /**
   * The state of a transfer whose expected hash needs one process, which died: all is read again, and only what S3
   * hasn't got is sent. Transfers without such a hash need no `resume`; they go on by `uploadSlice`.
   */
  readonly resume?: TransferState;
  /** Awaited. Its error ends the transfer; a body that one PutObject stores is stored by then. */
  readonly onProgress?: OnProgress;
  /** How sources are read. @default `fastLaneReader`: bodies go from the socket straight into their buffers */
  readonly reader?: SourceReader;
  /**
   * Where sources may be, redirects included. Make one for the process: `new SourceGuard({ openRanges: ['10.0.0.0/8'] })`.
   * @default the public Internet only
   */
  readonly guard?: SourceGuard;
  /** Bounds connections per host together with other transfers. @default one of the process for each number of connections */
  readonly gate?: HostGate;
}

const MIB = 1_048_576;

export const DEFAULT_OPTIONS = {
  connections: 8,
  bufferBytes: 5 * MIB,
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
