import type { SourceGuard } from '#net/guard/source-guard.ts';
import type { SourceLimits } from './limits.ts';

/** Headers by lower-case name; repeated ones are joined with a comma and a space. */
export type Headers = Readonly<Record<string, string>>;

/** One request to a source. */
export interface SourceRequest {
  /** What to ask. */
  readonly url: URL;
  /** Sent as they are. */
  readonly headers: Headers;
  /** How long to wait. */
  readonly limits: Required<SourceLimits>;
  /** PEM certificates to trust besides the system's. */
  readonly ca?: string | undefined;
  /** All sockets come from `dial` with this guard. */
  readonly guard: SourceGuard;
  /** Its abort closes the connection. */
  readonly signal: AbortSignal;
  /** Called once, when the connection is free again: the body has ended, broken, or was destroyed. */
  readonly onClosed: () => void;
}

/** The head of an answer, with its body still in the socket. */
export interface SourceAnswer {
  /** What was asked. */
  readonly url: URL;
  /** The status of HTTP. */
  readonly status: number;
  /** All headers of the answer. */
  readonly headers: Headers;
  /** The body, of which nothing is read yet. */
  readonly body: SourceBody;
}

/**
 * A body that is read into the reader's own buffers, with no queue in between: bytes that no read requests stay in the
 * socket.
 */
export interface SourceBody {
  /**
   * Fills `target` from its start.
   *
   * @param onBytes receives the bytes in order, in pieces of 128 KiB or more while they are still in the processor's
   * cache, what a slow source has sent twice a second, and the rest before the promise settles.
   * @returns the bytes written: fewer than `target` has room for only if the body ended, which its framing has proven
   * unless it has none.
   * @throws SourceFaultError if the connection broke, stalled or was too slow. The bytes that arrived before are in
   * `target` and were passed to `onBytes`.
   */
  fill(target: Uint8Array, onBytes?: (piece: Uint8Array) => void): Promise<number>;
  /** Closes the connection without reading the rest. It does no harm after the end. */
  destroy(): void;
}

/**
 * Makes one HTTP request and returns one answer, without following redirects and without retries.
 *
 * The engine reads sources only through this type, so another way to read a socket needs only one more function.
 */
export type SourceReader = (request: SourceRequest) => Promise<SourceAnswer>;
