import { PUBLIC_INTERNET, type SourceGuard } from '#net/guard/source-guard.ts';
import { headerText } from '#net/header-text.ts';
import { tellingOfCall } from '#net/own-calls.ts';
import { redactUrl } from '#net/redact.ts';
import { orAborted } from '#net/signals.ts';
import { backoffMilliseconds, wait } from '#net/wait.ts';
import {
  RedirectError,
  SourceAsksToWaitError,
  SourceFaultError,
  SourceRefusedError,
  TransferCodingError,
  TransferError,
} from '../errors.ts';
import type { AnswerBody } from '../lane/answer-body.ts';
import type { Headers } from '../lane/answer-head.ts';
import { type HostGate, LONGEST_PAUSE_SECONDS } from './host-gate.ts';
import { laneReader } from './lane-reader.ts';
import { DEFAULT_LIMITS, type SourceLimits } from './limits.ts';
import { Patience } from './patience.ts';
import type { SourceAnswer, SourceReader, SourceRequest } from './reader.ts';

/** The source of a body. It is passed again in each process; a state contains none of it. */
export interface Source {
  /** http or https. User info in it is sent as Basic authorization. */
  readonly url: string;
  /** Sent to the URL's own origin; redirects to other origins get only `user-agent` and `accept`. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Called before each request to the URL's own origin, for credentials that may change meanwhile. Its result is sent
   * and stored nowhere; query parameters are added to the URL. Its errors are retried like a fault of the source,
   * except PermanentTransferError.
   */
  readonly authorize?: () => Promise<Authorization>;
  /**
   * What the caller knows about the body. `sha256` and `md5` require order: one process has to read every byte. Hex.
   */
  readonly expect?: Expect;
  /** Accept a body that has neither a length nor chunks, although an interruption looks like its end. @default false */
  readonly allowUnprovenEnd?: boolean;
  /** How long to wait for this source, and how often to try. @default - those of `SourceLimits` */
  readonly limits?: SourceLimits;
  /** PEM certificates to trust instead of the system's. */
  readonly ca?: string;
}

/** The credentials of one request. */
export interface Authorization {
  /** Sent with the request. They replace headers of the source with the same names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Added to the URL of the request. */
  readonly query?: Readonly<Record<string, string>>;
}

/** What the whole body has to be. Anything else fails with ProofFailedError, and no object appears. */
export interface Expect {
  /** Its size in bytes. */
  readonly bytes?: number | undefined;
  /** Its SHA-256, hex. One process has to read every byte in order. */
  readonly sha256?: string | undefined;
  /** Its MD5, hex. One process has to read every byte in order. */
  readonly md5?: string | undefined;
  /** Its CRC-32 (that of zip and gzip), hex. */
  readonly crc32?: string | undefined;
  /** The required Content-Type of the source, such as `text/csv`, or `text/*`, without parameters. It proves no end. */
  readonly contentType?: string | undefined;
}

/** Statuses that may only mean that a presigned target has expired. */
const EXPIRED = new Set([401, 403, 404, 410]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/**
 * Another request may get another answer. All 5xx count except 501 and 505, which name something that the server will
 * never do: CDNs and proxies use many other codes (507 to 509, 520 to 530, 599).
 */
function isTransient(status: number): boolean {
  if (status >= 500) return status !== 501 && status !== 505;
  return status === 408 || status === 425 || status === 429;
}

/** The original URL is asked for a fresh target at most once in this time. */
const RESOLVE_MILLISECONDS = 1_000;
/** Headers that the engine sets itself, or that belong to the connection. */
const OWN = new Set(
  'accept-encoding connection content-length expect host if-match if-modified-since if-none-match if-range if-unmodified-since keep-alive range te transfer-encoding upgrade'.split(
    ' ',
  ),
);
/** Returns whether the engine sets a request header itself, or it belongs to the connection: a source's is not sent. */
export function isSetByEngine(name: string): boolean {
  return OWN.has(name.toLowerCase());
}

const ANYWHERE = new Set(['user-agent', 'accept', 'accept-language']);

/**
 * A URL in a chain of redirects, and whether the chain has passed another origin: then it gets no credentials any more.
 */
interface Hop {
  readonly url: URL;
  readonly strayed: boolean;
}

/**
 * The requests of one process to a source: it follows redirects, remembers their target, and limits and paces requests.
 */
export class SourceSession {
  /** The original URL without its secrets, for messages and records. */
  readonly name: string;
  readonly limits: Required<SourceLimits>;
  readonly patience: Patience;
  readonly #url: URL;
  readonly #source: Source;
  readonly #gate: HostGate;
  readonly #read: SourceReader;
  readonly #guard: SourceGuard;
  /** The target of the redirects. It is only kept in memory, because it may be a presigned URL. */
  #final: Hop | undefined;
  #resolvedAt = 0;
  /** The URL itself answers, without a redirect. */
  #direct = false;
  /** Resolves when the request that follows the redirects has returned. */
  #finding: Promise<void> | undefined;
  /** The number of attempts after the first ones. */
  retries = 0;

  /** @throws RedirectError if the URL isn't one of http or https. `get` checks whether it may be asked. */
  constructor(source: Source, gate: HostGate, read: SourceReader = laneReader, guard: SourceGuard = PUBLIC_INTERNET) {
    this.limits = { ...DEFAULT_LIMITS, ...source.limits };
    this.patience = new Patience(this.limits.patienceSeconds, this.limits.minBytesPerSecond);
    this.#source = source;
    this.#url = httpUrl(source.url);
    this.name = redactUrl(this.#url);
    this.#gate = gate;
    this.#read = read;
    this.#guard = guard;
  }

  /**
   * The target of the redirects; undefined before the first answer, and if there were none. It may contain a signature.
   */
  get redirectedTo(): URL | undefined {
    return this.#final?.url;
  }

  /** Whether the next request waits, because the host has as many connections as it may have. */
  get hasToQueue(): boolean {
    return this.#gate.isFull(this.#origin);
  }

  /**
   * Calls back once, at once or later, if a request of another session has to wait for a connection to the host.
   *
   * @returns a function that ends this.
   */
  whenOthersWait(call: () => void): () => void {
    return this.#gate.whenOthersWait(this.#origin, this, call);
  }

  get #origin(): string {
    return (this.#final?.url ?? this.#url).origin;
  }

  /**
   * Makes one GET. It returns the answer with any status, but it follows redirects, and `refuseOrFault` throws for some
   * statuses.
   *
   * @throws SourceFaultError if another try may help; SourceRefusedError if it does not; RedirectError;
   * SourceForbiddenError.
   */
  async get(headers: Headers, signal: AbortSignal): Promise<SourceAnswer> {
    // One request follows the redirects; others wait for it, so that a redirect is requested once.
    while (this.#finding !== undefined) await orAborted(this.#finding, signal);
    if (this.#direct || this.#final !== undefined) return await this.#get(headers, signal);
    let found = () => {};
    this.#finding = new Promise((resolve) => {
      found = resolve;
    });
    try {
      return await this.#get(headers, signal);
    } finally {
      this.#finding = undefined;
      found();
    }
  }

  async #get(headers: Headers, signal: AbortSignal): Promise<SourceAnswer> {
    const start = this.#final;
    let { answer, hop } = await this.#follow(start ?? this.#home, headers, signal);
    if (start !== undefined && EXPIRED.has(answer.status)) {
      answer.body.destroy();
      if (this.#final === start) {
        // Another part may have found the same, and a fresh target, in the meantime.
        await wait(Math.max(0, this.#resolvedAt + RESOLVE_MILLISECONDS - Date.now()), signal);
        if (this.#final === start) this.#final = undefined;
      }
      ({ answer, hop } = await this.#follow(this.#final ?? this.#home, headers, signal));
    }
    this.#refuseOrFault(answer, hop);
    this.#gate.answeredWell(hop.url);
    this.#direct = hop.url.href === this.#url.href;
    if (!this.#direct && this.#final?.url.href !== hop.url.href) {
      this.#final = hop;
      this.#resolvedAt = Date.now();
    }
    return answer;
  }

  /**
   * Waits before the next attempt after `fault`, or throws the error for the caller.
   *
   * @param attempt how many attempts in a row have failed, from 1.
   */
  async pause(fault: SourceFaultError, attempt: number, signal: AbortSignal, deadline?: Date): Promise<void> {
    const { backoffSeconds, longestWaitSeconds } = this.limits;
    const asked = Math.max((fault.retryAfterSeconds ?? 0) * 1_000, this.#gate.pauseOf(this.#final?.url ?? this.#url));
    const milliseconds = Math.max(asked, backoffMilliseconds(attempt, backoffSeconds, 10));
    const until = Date.now() + milliseconds;
    if (asked > longestWaitSeconds * 1_000 || (asked > 0 && deadline !== undefined && until > deadline.getTime())) {
      throw new SourceAsksToWaitError(this.name, new Date(until));
    }
    this.retries += 1;
    await wait(milliseconds, signal);
  }

  get #home(): Hop {
    return { url: this.#url, strayed: false };
  }

  async #follow(start: Hop, headers: Headers, signal: AbortSignal): Promise<{ answer: SourceAnswer; hop: Hop }> {
    let hop = start;
    for (let hops = 0; hops <= this.limits.redirects; hops++) {
      const { url } = hop;
      const answer = await this.#ask(hop, headers, signal);
      if (!REDIRECTS.has(answer.status)) return { answer, hop };
      answer.body.destroy();
      const { location } = answer.headers;
      if (location === undefined)
        throw new RedirectError(`${redactUrl(url)} redirects (${answer.status}) without a valid target`);
      const next = httpUrl(headerText(location), url);
      this.#guard.checkRedirect(url, next);
      hop = { url: next, strayed: hop.strayed || next.origin !== this.#url.origin };
    }
    throw new RedirectError(`${this.name} redirects more than ${this.limits.redirects} times`);
  }

  async #ask(hop: Hop, headers: Headers, signal: AbortSignal): Promise<SourceAnswer> {
    const { url } = hop;
    this.#guard.checkUrl(url);
    const leave = await this.#enter(url, signal);
    try {
      // The call comes only here, because its result may be valid for seconds, and the wait for a turn may be long.
      const authorization = hop.strayed ? {} : await orAborted(this.#authorize(), signal);
      const request: SourceRequest = {
        url: withQuery(url, authorization),
        headers: { ...this.#headersFor(hop, authorization), ...headers, 'accept-encoding': 'identity' },
        limits: this.limits,
        ca: this.#source.ca,
        guard: this.#guard,
        signal,
        onClosed: leave,
      };
      const answer = await tellingOfCall(
        'GET',
        () => url.href,
        () => this.patience.during(() => this.#read(request)),
        ({ status }) => status,
      );
      return { ...answer, body: this.#patiently(answer.body) };
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Waits for the pause of a URL and for a connection's turn. @returns the function that returns the connection. */
  async #enter(url: URL, signal: AbortSignal): Promise<() => void> {
    for (;;) {
      const pause = this.#gate.pauseOf(url);
      if (pause > this.limits.longestWaitSeconds * 1_000) {
        throw new SourceAsksToWaitError(this.name, new Date(Date.now() + pause));
      }
      if (pause > 0) await wait(pause, signal);
      const leave = await this.#gate.enter(url.origin, signal, this);
      if (this.#gate.pauseOf(url) === 0) return leave;
      // The answer to a request before it in the queue has asked for a pause.
      leave();
    }
  }

  #patiently(body: AnswerBody): AnswerBody {
    return {
      fill: (target, onBytes) =>
        this.patience.during(() =>
          body.fill(target, (piece) => {
            this.patience.received(piece.length);
            onBytes?.(piece);
          }),
        ),
      destroy: () => body.destroy(),
    };
  }

  async #authorize(): Promise<Authorization> {
    try {
      return (await this.#source.authorize?.()) ?? {};
    } catch (error) {
      if (error instanceof TransferError) throw error;
      throw new SourceFaultError(
        `the credentials for ${this.name} can't be read: ${error instanceof Error ? error.message : String(error)}`,
        {
          cause: error,
        },
      );
    }
  }

  #headersFor({ strayed }: Hop, authorization: Authorization): Headers {
    const home = !strayed;
    const headers: Record<string, string> = { 'user-agent': 'sluice' };
    if (home && this.#url.username !== '') {
      const user = `${decoded(this.#url.username)}:${decoded(this.#url.password)}`;
      headers.authorization = `Basic ${Buffer.from(user).toString('base64')}`;
    }
    for (const [name, value] of Object.entries({ ...this.#source.headers, ...authorization.headers })) {
      const lower = name.toLowerCase();
      if (!isSetByEngine(lower) && (home || ANYWHERE.has(lower))) headers[lower] = value;
    }
    return headers;
  }

  #refuseOrFault({ status, headers, url, body }: SourceAnswer, hop: Hop): void {
    const retryAfterSeconds = parseRetryAfter(headers['retry-after']);
    if (status === 202 && retryAfterSeconds !== undefined) {
      body.destroy();
      throw new SourceFaultError(`${redactUrl(url)} is not ready yet (202)`, { retryAfterSeconds, notReady: true });
    }
    if (isTransient(status)) {
      if (status === 429 || status === 503) this.#gate.slowDown(hop.url, retryAfterSeconds);
      body.destroy();
      throw new SourceFaultError(`${redactUrl(url)} answered ${status}`, { retryAfterSeconds });
    }
    if (status >= 400 && status !== 412 && status !== 416) {
      body.destroy();
      throw new SourceRefusedError(status, redactUrl(url));
    }
    const coding = headers['transfer-encoding'];
    if (coding !== undefined && coding.toLowerCase() !== 'chunked' && status < 300) {
      body.destroy();
      throw new TransferCodingError(redactUrl(url), coding);
    }
  }
}

/** Decodes the user or password of a URL; returns it unchanged if it is not valid percent-encoding. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function withQuery(url: URL, { query }: Authorization): URL {
  if (query === undefined) return url;
  const full = new URL(url);
  for (const [name, value] of Object.entries(query)) full.searchParams.set(name, value);
  return full;
}

/**
 * Returns the seconds of a Retry-After in either of its forms, up to the longest pause; undefined if it can't be read.
 */
export function parseRetryAfter(value: string | undefined): number | undefined {
  const text = value?.trim() ?? '';
  const seconds = /^\d+$/.test(text)
    ? Number(text)
    : (Date.parse(/[a-z]/i.test(text) ? text : '') - Date.now()) / 1_000;
  return Number.isNaN(seconds) ? undefined : Math.min(LONGEST_PAUSE_SECONDS, Math.max(0, seconds));
}

function httpUrl(text: string, base?: URL): URL {
  const url = base === undefined ? URL.parse(text) : URL.parse(text, base.href);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    const whence = base === undefined ? '' : `, where ${redactUrl(base)} redirects to,`;
    throw new RedirectError(`${redactUrl(text)}${whence} is not an http or https URL`);
  }
  return url;
}
