import { createHash } from 'node:crypto';
import type { SourceGuard } from '#net/guard/source-guard.ts';
import { readBounded } from '#net/read-bounded.ts';
import { redactUrl } from '#net/redact.ts';
import * as z from '#net/zod.ts';
import { PermanentTransferError } from '#transfer/index.ts';
import { parseJson } from '../input/json-text.ts';

/** The request for a token: the client credentials grant, RFC 6749 4.4. */
export interface TokenRequest {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string | undefined;
  readonly audience?: string | undefined;
  readonly clientAuthentication: 'basic' | 'body';
}

/**
 * The token server refused the request, or its answer can't be understood. The message contains its status and RFC
 * 6749's error code, and nothing else of the answer.
 */
export class TokenError extends PermanentTransferError {
  override readonly name = 'TokenError';
}

/** The token server failed in a way that may be temporary. */
export class TokenUnavailableError extends Error {
  override readonly name = 'TokenUnavailableError';
}

const TIMEOUT_MILLISECONDS = 20_000;
const MAX_ANSWER_BYTES = 65_536;
/** A new token is requested this long before the old one expires, because a request that uses the token takes time. */
const MARGIN_SECONDS = 60;
/** The assumed lifetime of a token if the server doesn't state one, which RFC 6749 5.1 permits. */
const UNSTATED_SECONDS = 300;

const answerSchema = z.object({
  access_token: z.string().check(z.regex(/^[\x21-\x7e]+$/)),
  token_type: z.string().check(z.regex(/^bearer$/i)),
  expires_in: z.optional(z.coerce.number().check(z.positive())),
});

/**
 * The tokens of one process. Each token is requested once and kept until shortly before it expires, even if many
 * transfers use it.
 */
export class TokenCache {
  readonly #guard: SourceGuard;
  readonly #tokens = new Map<string, Promise<{ readonly token: string; readonly until: number }>>();

  constructor(guard: SourceGuard) {
    this.#guard = guard;
  }

  /** @throws TokenError; TokenUnavailableError; SourceForbiddenError if the guard forbids the token server. */
  async token(wanted: TokenRequest): Promise<string> {
    const key = createHash('sha256').update(JSON.stringify(wanted)).digest('hex');
    for (;;) {
      const known = this.#tokens.get(key);
      const asking = known ?? this.#ask(wanted);
      if (known === undefined) {
        this.#tokens.set(key, asking);
        asking.catch(() => this.#tokens.delete(key));
      }
      const { token, until } = await asking;
      if (known === undefined || until > Date.now()) return token;
      if (this.#tokens.get(key) === known) this.#tokens.delete(key);
    }
  }

  async #ask(wanted: TokenRequest): Promise<{ token: string; until: number }> {
    const { tokenUrl, clientId, clientSecret, scope, audience, clientAuthentication } = wanted;
    const url = new URL(tokenUrl);
    const who = redactUrl(url);
    this.#guard.checkUrl(url);
    const form = new URLSearchParams({ grant_type: 'client_credentials' });
    if (scope !== undefined) form.set('scope', scope);
    if (audience !== undefined) form.set('audience', audience);
    const headers: Record<string, string> = {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    };
    if (clientAuthentication === 'body') {
      form.set('client_id', clientId);
      form.set('client_secret', clientSecret);
    } else {
      const pair = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`;
      headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    }
    const { guardedAgent, guardedRequest } = await import('#net/dial/guarded-http.ts');
    const dispatcher = guardedAgent(this.#guard, { connectSeconds: TIMEOUT_MILLISECONDS / 1_000 });
    const askedAt = Date.now();
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MILLISECONDS);
      const { statusCode, body } = await guardedRequest(dispatcher, url, {
        method: 'POST',
        headers,
        body: form.toString(),
        signal,
      });
      const tooLong = () => new TokenError(`${who} answered more than ${MAX_ANSWER_BYTES} bytes`);
      const text = await readBounded(body, MAX_ANSWER_BYTES, tooLong);
      if (statusCode === 429 || statusCode >= 500) throw new TokenUnavailableError(`${who} answered ${statusCode}`);
      if (statusCode !== 200) throw new TokenError(`${who} returned no token: ${statusCode}${errorCode(text)}`);
      const answer = answerSchema.safeParse(parseJson(text));
      if (!answer.success) throw new TokenError(`${who} answered 200, but with no bearer token in JSON (RFC 6749 5.1)`);
      const seconds = answer.data.expires_in ?? UNSTATED_SECONDS;
      // A token that lives for less than two margins is kept for half its life.
      const kept = Math.max(seconds - MARGIN_SECONDS, seconds / 2);
      return { token: answer.data.access_token, until: askedAt + kept * 1_000 };
    } catch (error) {
      if (error instanceof PermanentTransferError || error instanceof TokenUnavailableError) throw error;
      throw new TokenUnavailableError(`the request to ${who} failed: ${(error as Error).message}`, { cause: error });
    } finally {
      await dispatcher.destroy();
    }
  }
}

/** RFC 6749 2.3.1: the two are form-encoded before they are joined. */
function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

/**
 * Returns only the code of an error answer, in the characters that RFC 6749 5.2 allows: a description may quote the
 * request.
 */
function errorCode(text: string): string {
  const answer = z.object({ error: z.string().check(z.regex(/^[a-z_]{1,40}$/)) }).safeParse(parseJson(text));
  return answer.success ? ` ${answer.data.error}` : '';
}
