import type { SourceGuard } from '#net/guard/source-guard.ts';
import type { AnswerBody } from '../lane/answer-body.ts';
import type { Headers } from '../lane/answer-head.ts';
import type { SourceLimits } from './limits.ts';

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
  readonly body: AnswerBody;
}

/**
 * Makes one HTTP request and returns one answer, without following redirects and without retries.
 *
 * The engine reads sources only through this type, so another way to read a socket needs only one more function.
 */
export type SourceReader = (request: SourceRequest) => Promise<SourceAnswer>;
