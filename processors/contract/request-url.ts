import type { Readable } from 'node:stream';
import type { SourceGuard } from '#net/guard/source-guard.ts';
import type { ProcessorContext } from './processor.ts';

/** The parts of a request besides the URL. */
export interface RequestUrlOptions {
  /** @default 'GET' */
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Headers in addition to `user-agent`. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body of the request. @default none */
  readonly body?: string | Uint8Array;
  /** The most seconds until the head of the answer, and the most seconds without a byte of its body. @default 30 */
  readonly timeoutSeconds?: number;
}

/** The answer of a web server. A redirect is returned like any other answer. */
export interface UrlAnswer {
  /** The status of HTTP, such as 200. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /**
   * The bytes as the server sends them; a Content-Encoding is not decoded. Read the body to its end, or destroy it: it
   * uses a connection.
   */
  readonly body: Readable;
}

/** The time limit for a connection, with TLS. */
const CONNECT_SECONDS = 10;

type Agent = ReturnType<typeof import('#net/dial/guarded-http.ts').guardedAgent>;
/** One agent for each guard: an agent keeps only connections that its guard has permitted. */
const agents = new WeakMap<SourceGuard, Agent>();

/**
 * Sends one HTTP request for a processor. The deployment's guard checks the URL and the address of the connection, so
 * an input can't make the request reach the task's own credentials or its network. The request contains the worker's
 * User-Agent and no cookies. It is aborted when the item ends.
 *
 * It follows no redirect: to follow one, call it again with the URL in `headers.location`.
 *
 * @param context the context that `process` received.
 * @param url a URL of http or https.
 * @throws SourceForbiddenError if the settings `sources` forbid the URL or an address of its host; a TypeError if it is
 * not a URL of http or https; the signal's reason; the error of the connection or of its timeout.
 *
 * @example
 * const { status, body } = await requestUrl(context, 'https://example.org/prices?page=1');
 * if (status === 404) throw new PermanentError('there is no such page');
 * if (status !== 200) throw new Error(`the page answered ${status}`);
 * const html = await text(body); // of node:stream/consumers
 */
export async function requestUrl(
  context: Pick<ProcessorContext, 'sourceGuard' | 'userAgent' | 'signal'>,
  url: string | URL,
  { method = 'GET', headers = {}, body, timeoutSeconds = 30 }: RequestUrlOptions = {},
): Promise<UrlAnswer> {
  const { sourceGuard, userAgent, signal } = context;
  const target = new URL(url);
  if (!/^https?:$/.test(target.protocol))
    throw new TypeError(`${target.protocol} is not requested: take http or https`);
  sourceGuard.checkUrl(target);
  // Loaded here, because loading undici takes a large part of a start, and many processors send no requests.
  const { guardedAgent, guardedRequest } = await import('#net/dial/guarded-http.ts');
  const agent = agents.get(sourceGuard) ?? guardedAgent(sourceGuard, { connectSeconds: CONNECT_SECONDS });
  agents.set(sourceGuard, agent);
  const answer = await guardedRequest(agent, target, {
    method,
    headers: { ...headers, 'user-agent': userAgent },
    signal,
    headersTimeout: timeoutSeconds * 1_000,
    bodyTimeout: timeoutSeconds * 1_000,
    ...(body !== undefined && { body }),
  });
  // If somebody destroys the body, the request is aborted. Without a listener, this error would end the whole process.
  answer.body.on('error', () => undefined);
  return { status: answer.statusCode, headers: answer.headers, body: answer.body };
}
