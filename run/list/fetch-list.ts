import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Dispatcher } from 'undici';
import { guardedAgent, guardedRequest } from '#net/dial/guarded-http.ts';
import { SourceForbiddenError } from '#net/errors.ts';
import type { SourceGuard } from '#net/guard/source-guard.ts';
import { headerText } from '#net/header-text.ts';
import { redactUrl } from '#net/redact.ts';
import { backoffMilliseconds, wait } from '#net/wait.ts';
import { SourceListError } from './list-error.ts';

/** The largest list. A list of a million sources has a tenth of this size. A Lambda's disk has 512 MiB. */
const MOST_BYTES = 400 * 1_024 * 1_024;
const MOST_REDIRECTS = 10;
const CONNECT_SECONDS = 10;
/** The time limit for the head of an answer, and between two chunks of its body. */
const IDLE_MILLISECONDS = 30_000;
/** The time limit for all attempts together: Plan has fifteen minutes. */
const ALL_MILLISECONDS = 300_000;
const TRIES = 3;

/** One attempt failed, and another one may succeed. */
class ListFaultError extends Error {
  override readonly name = 'ListFaultError';
}

/**
 * Downloads a list of sources into a file, without credentials. It follows redirects, and the guard's rules apply to
 * each. It makes three attempts if a failure may be temporary (no connection, 429, 5xx, an interrupted body).
 *
 * @returns the content type that the server states.
 * @throws SourceListError
 */
export async function fetchList(url: string, guard: SourceGuard, file: string): Promise<string | undefined> {
  const signal = AbortSignal.timeout(ALL_MILLISECONDS);
  const agent = guardedAgent(guard, {
    connectSeconds: CONNECT_SECONDS,
    headersTimeout: IDLE_MILLISECONDS,
    bodyTimeout: IDLE_MILLISECONDS,
  });
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await fetchOnce(new URL(url), { agent, guard, file, signal });
      } catch (error) {
        if (error instanceof SourceListError) throw error;
        if (error instanceof SourceForbiddenError) throw new SourceListError(error.message, { cause: error });
        if (signal.aborted || attempt === TRIES) {
          const { message } = error as Error;
          throw new SourceListError(`can't be fetched: ${signal.aborted ? 'it took too long' : message}`, {
            cause: error,
          });
        }
        await wait(backoffMilliseconds(attempt, 1, 10), signal);
      }
    }
  } finally {
    await agent.destroy();
  }
}

interface Fetch {
  readonly agent: Dispatcher;
  readonly guard: SourceGuard;
  readonly file: string;
  readonly signal: AbortSignal;
}

async function fetchOnce(start: URL, { agent, guard, file, signal }: Fetch): Promise<string | undefined> {
  let url = start;
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    guard.checkUrl(url);
    const { statusCode, headers, body } = await guardedRequest(agent, url, {
      signal,
      headers: { 'user-agent': 'sluice', 'accept-encoding': 'identity' },
    });
    // A body that nobody reads can emit errors too. Without a listener, such an error would end the process.
    body.on('error', () => {});
    const target = statusCode >= 300 && statusCode < 400 && one(headers.location);
    if (target !== undefined && target !== false) {
      body.destroy();
      url = redirected(url, target, guard);
      continue;
    }
    if (statusCode !== 200) {
      body.destroy();
      const where = url === start ? 'answers' : `leads to ${redactUrl(url)}, which answers`;
      if (statusCode === 429 || statusCode >= 500) throw new ListFaultError(`${where} ${statusCode}`);
      throw new SourceListError(`${where} ${statusCode}, and 200 was expected`);
    }
    const coding = one(headers['content-encoding']) ?? 'identity';
    // gzip is recognised by the first bytes of the body, so these codings need no check.
    if (!/^(identity|gzip|x-gzip)$/i.test(coding.trim() || 'identity')) {
      body.destroy();
      throw new SourceListError(`has the Content-Encoding ${coding.slice(0, 40)}, which the request did not ask for`);
    }
    if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) {
      body.destroy();
      throw new SourceListError('has no length, so an incomplete list would look complete: use another URL');
    }
    await pipeline(bounded(body), createWriteStream(file), { signal });
    return one(headers['content-type']);
  }
  throw new SourceListError(`redirects more than ${MOST_REDIRECTS} times`);
}

function redirected(from: URL, location: string, guard: SourceGuard): URL {
  const to = URL.parse(headerText(location), from.href);
  if (to === null || (to.protocol !== 'http:' && to.protocol !== 'https:')) {
    throw new SourceListError(`redirects to something that is not an http or https URL`);
  }
  // As browsers do: nothing of the old URL's credentials is sent to the new URL.
  to.username = '';
  to.password = '';
  guard.checkRedirect(from, to);
  return to;
}

async function* bounded(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new SourceListError(`is longer than ${MOST_BYTES} bytes`);
    yield chunk;
  }
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
