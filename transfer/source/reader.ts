import type { SourceGuard } from '#net/guard/source-guard.ts';
import type { SourceLimits } from './limits.ts';

/** Headers by lower-case name; a repeated one is joined by a comma and a space. */
export type Headers = Readonly<Record<string, string>>;

export interface SourceRequest {
  readonly url: URL;
  readonly headers: Headers;
  readonly limits: Required<SourceLimits>;
  /** PEM certificates to trust besides the system's. */
  readonly ca?: string | undefined;
  /** Sockets come from `dial` with it, and no other way. */
  readonly guard: SourceGuard;
  readonly signal: AbortSignal;
  /** Called once, when the connection is free again: the body has ended, broken, or was destroyed. */
  readonly onClosed: () => void;
}

/** The head of an answer, and its body still in the socket. */
export interface SourceAnswer {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly body: SourceBody;
}

/** A body that is read into the reader's own buffers, with no queue in between: what isn't asked for stays in the socket. */
export interface SourceBody {
  /**
   * Fills `target` from its start.
   *
   * @param onBytes sees each piece as it arrives, in order, while it is still in the processor's cache.
   * @returns the bytes written: fewer than `target` holds only where the body ended, which its framing has proven
   *   unless it has none.
   * @throws SourceFaultError where the connection broke, stalled or was too slow. What arrived before it is in `target`
   *   and was shown to `onBytes`.
   */
  fill(target: Uint8Array, onBytes?: (piece: Uint8Array) => void): Promise<number>;
  /** Closes the connection without reading what is left. Harmless after the end. */
  destroy(): void;
}

/**
 * One HTTP request, one answer, no redirects followed and nothing tried again.
 *
 * The engine reads sources through this and nothing else, so that another way to read a socket takes one more function.
 */
export type SourceReader = (request: SourceRequest) => Promise<SourceAnswer>;
