import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { guardedRequest } from '#net/dial/guarded-http.ts';
import { SourceForbiddenError } from '#net/errors.ts';
import type { SourceGuard } from '#net/guard/source-guard.ts';
import { headerText } from '#net/header-text.ts';
import { redactUrl } from '#net/redact.ts';
import { codingsOf, readDecoded, undecodable } from './decoded.ts';

/** What a URL answered. A redirect is an answer like any other; who asked decides whether to follow. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  /** Absolute, where there is one. */
  readonly location: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** At most as many bytes as were asked for. Empty where the type is none of those wanted. */
  readonly body: Buffer;
  /** Whether the server had more. */
  readonly truncated: boolean;
  /** The Content-Encoding of a wanted body that was not read, because nothing here decodes it. */
  readonly undecodable: string | undefined;
  /** The values of X-Robots-Tag. */
  readonly robotsTags: readonly string[];
}

/** The server sent nothing, or not all, within the time limit, or the connection failed. */
export class PageUnreachableError extends Error {
  override readonly name = 'PageUnreachableError';
}

/** Answers that say "later": the pause they ask for is kept, and they are asked again this often. */
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
 * Asks for one URL, without following redirects, with no cookies and no credentials.
 *
 * 429 and 503 are asked again, at most twice, after what `Retry-After` says, if that is 2 minutes at most.
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
        // Some servers pack all the same; what it unfolds to is bounded then.
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
      // An unread body would hold the connection.
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
    const why = timeout.aborted ? `no whole answer in ${options.timeoutSeconds} s` : (error as Error).message;
    throw new PageUnreachableError(`${redactUrl(url)}: ${why}`, { cause: error });
  }
}

/** Seconds from now, from either form of the header (RFC 9110 10.2.3). */
function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1_000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
