import { guardedAgent, guardedRequest } from '#net/dial/guarded-http.ts';
import type { SourceGuard } from '#net/guard/source-guard.ts';
import { readBounded } from '#net/read-bounded.ts';
import { redactUrl } from '#net/redact.ts';
import { type Check, CheckFailedError } from './check.ts';
import { findingOf } from './reported-progress.ts';

/** The time limit for one request; Step Functions makes another look later. */
const TIMEOUT_MILLISECONDS = 10_000;
/** The answer contains only two numbers. */
const MAX_ANSWER_BYTES = 65_536;

/**
 * Ready when a URL answers 200 with `{ "done": n, "total": n }`. A person chose the URL, as with a source: so the same
 * guard checks it, and a redirect is not accepted as an answer.
 */
export function httpCheck(url: string, guard: SourceGuard): Check {
  const who = redactUrl(url);
  return async () => {
    const dispatcher = guardedAgent(guard, { connectSeconds: TIMEOUT_MILLISECONDS / 1_000 });
    try {
      const asked = new URL(url);
      guard.checkUrl(asked);
      const signal = AbortSignal.timeout(TIMEOUT_MILLISECONDS);
      const { statusCode, body } = await guardedRequest(dispatcher, asked, { signal });
      if (statusCode !== 200) {
        await body.dump();
        throw new CheckFailedError(`${who} answered ${statusCode} instead of 200`);
      }
      const tooLong = () => new CheckFailedError(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
      return findingOf(JSON.parse(await readBounded(body, MAX_ANSWER_BYTES, tooLong)), who);
    } catch (cause) {
      if (cause instanceof CheckFailedError) throw cause;
      throw new CheckFailedError(
        `the request to ${who} failed: ${cause instanceof Error ? cause.message : String(cause)}`,
        {
          cause,
        },
      );
    } finally {
      await dispatcher.destroy();
    }
  };
}
