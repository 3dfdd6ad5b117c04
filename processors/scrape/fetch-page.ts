import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { guardedRequest } from '#net/dial/guarded-http.ts';
import { SourceForbiddenError } from '#net/errors.ts';
import type { SourceGuard } from '#net/guard/source-guard.ts';
import { headerText } from '#net/header-text.ts';
import { redactUrl } from '#net/redact.ts';
import { codingsOf, readDecoded, undecodable } from './decoded.ts';

/** The answer for a URL. A redirect is an answer like any other; the caller decides whether to follow it. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  /** The absolute URL of a redirect, if any. */
  readonly location: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** At most the requested number of bytes. Empty if the content type is not wanted. */
  readonly body: Buffer;
  /** Whether the server had more bytes. */
  readonly truncated: boolean;
  /** The Content-Encoding of a wanted body that was not read, because it can't be decoded. */
  readonly undecodable: string | undefined;
  /** The values of X-Robots-Tag. */
  readonly robotsTags: readonly string[];
}

/** The server sent no complete answer within the time limit, or the connection failed. */
export class PageUnreachableError extends Error {
  override readonly name = 'PageUnreachableError';
}

/** Tries for an answer that says "later". The pause that the answer states is kept between them. */
const TRIES = 3;
const LONGEST_RETRY_AFTER_SECONDS = 120;

export interface FetchOptions {
  readonly userAgent: string;
  readonly timeoutSeconds: number;
  readonly maxBytes: number;
  /** Bodies of other types are not read. */
  readonly wants: (contentType: string) => boolean;
  readonly dispatcher: Dispatcher;
  readonly sourceGuard: SourceGuard;
  readonly signal: AbortSignal;
}

/**
 * Requests one URL, without following redirects, with no cookies and no credentials.
 *
 * After 429 and 503 it asks again, at most twice, when the time in `Retry-After` is over, if that is at most 2 minutes.
 *
 * @throws PageUnreachableError; SourceForbiddenError; the signal's reason.
 */
export async function fetchPage(url: string, options: FetchOptions): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    const answer = await askOnce(url, options);
    const later = answer.status === 429 || answer.status === 503;
    if (!later || tries === TRIES || answer.retryAfterSeconds === undefined) return answer;
    if (answer.retryAfterSeconds > LONGEST_RETRY_AFTER_SECONDS) return answer;
    await sleep(answer.retryAfterSeconds * 1_000, undefined, { signal: options.signal });
  }
}

async function askOnce(url: string, options: FetchOptions): Promise<Answer> {
  const timeout = AbortSignal.timeout(options.timeoutSeconds * 1_000);
  const asked = new URL(url);
  options.sourceGuard.checkUrl(asked);
  try {
    const { statusCode, headers, body } = await guardedRequest(options.dispatcher, asked, {
      signal: AbortSignal.any([timeout, options.signal]),
      headers: {
        'user-agent': options.userAgent,
        accept: 'text/html,application/xhtml+xml',
        // Some servers still compress; the unpacked size is limited then.
        'accept-encoding': 'identity',
      },
    });
    const contentType = one(headers['content-type']) ?? '';
    const read = { body: Buffer.alloc(0), truncated: false };
    const wanted = statusCode === 200 && options.wants(contentType);
    const codings = codingsOf(headers['content-encoding']);
    const unknown = wanted ? undecodable(codings) : undefined;
    if (wanted && unknown === undefined) {
      Object.assign(read, await readDecoded(body, codings, options.maxBytes));
    } else {
      // An unread body would keep the connection open.
      await body.dump({ limit: 16_384 });
    }
    return {
      status: statusCode,
      contentType,
      location:
        headers.location === undefined ? undefined : URL.parse(headerText(one(headers.location) ?? ''), url)?.href,
      retryAfterSeconds: retryAfter(one(headers['retry-after'])),
      undecodable: unknown,
      robotsTags: [headers['x-robots-tag'] ?? []].flat(),
      ...read,
    };
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof SourceForbiddenError) throw error;
    const why = timeout.aborted ? `no complete answer in ${options.timeoutSeconds} s` : (error as Error).message;
    throw new PageUnreachableError(`${redactUrl(url)}: ${why}`, { cause: error });
  }
}

/** Returns the seconds to wait, from either form of the header (RFC 9110 10.2.3). */
function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1_000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
