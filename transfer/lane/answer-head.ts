import { HEADER_NAME, HEADER_VALUE } from './head-text.ts';

/** Headers by lower-case name; repeated ones are joined with a comma and a space. */
export type Headers = Readonly<Record<string, string>>;

/** The same limit as in undici and Node. Answers of real sources have 10 to 30 fields in 1 to 3 KB. */
const MOST_BYTES = 65_536;
const MOST_FIELDS = 500;
/** 100 and 103 come once or twice. A source that sends nothing else would continue until the time limit for a head. */
const MOST_INTERIM = 32;

/** How the end of a body is recognised, by RFC 9112, section 6.3. */
export type Framing =
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunks' }
  /** Only the end of the connection ends it, and an interruption looks the same. */
  | { readonly kind: 'close' };

/** A status line and fields, read strictly by RFC 9112, sections 4 and 5. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: Headers;
  readonly framing: Framing;
  /** Whether the connection can be used for another request after the body. */
  readonly reusable: boolean;
  /** How long the server says that it keeps an idle connection. */
  readonly keepSeconds: number | undefined;
}

/** The bytes are not an answer of HTTP/1. Parsers disagree on the meaning of such bytes, so they are refused. */
export class MalformedAnswerError extends Error {
  override readonly name = 'MalformedAnswerError';
  /** The bytes look like frames of HTTP/2. */
  readonly http2: boolean;

  constructor(message: string, http2 = false) {
    super(message);
    this.http2 = http2;
  }
}

/** Reads the head of an answer from pieces of any size. Provisional answers (1xx) are skipped. */
export class AnswerHeadReader {
  readonly #bodiless: boolean;
  #text = '';
  /** Up to this position, the text has no line end other than CRLF, and no end of the head. */
  #seen = 0;
  #bytes = 0;
  #interim = 0;

  /** @param bodiless whether the answer has no body, whatever its head says. */
  constructor(bodiless = false) {
    this.#bodiless = bodiless;
  }

  /** Whether a byte of an answer has arrived. */
  get begun(): boolean {
    return this.#bytes > 0;
  }

  /**
   * @returns the head, and how many of these bytes belong to it: the bytes after it are body. Undefined if the head
   * continues.
   * @throws MalformedAnswerError
   */
  read(bytes: Buffer): { head: AnswerHead; bodyAt: number } | undefined {
    for (let at = 0; at < bytes.length; ) {
      // Bytes that may be body are not converted to text: a read contains up to 64 KiB of it.
      const end = bytes.indexOf('\r\n\r\n', at);
      const known = this.#text.length;
      this.#text += bytes.toString('latin1', at, end === -1 ? bytes.length : end + 4);
      const headEnd = this.#text.indexOf('\r\n\r\n', Math.max(0, this.#seen - 3));
      const complete = headEnd !== -1;
      const length = complete ? headEnd + 4 : this.#text.length;
      this.#bytes += length - known;
      if (this.#bytes > MOST_BYTES) throw new MalformedAnswerError(`its head has more than ${MOST_BYTES} bytes`);
      this.#checkBeginning();
      this.#checkLineEnds(length);
      if (!complete) break;
      const head = parseHead(this.#text.slice(0, headEnd), this.#bodiless);
      at += length - known;
      if (head.status >= 200) return { head, bodyAt: at };
      this.#interim += 1;
      if (head.status === 101) throw new MalformedAnswerError('it switches to a protocol that was not requested');
      if (this.#interim > MOST_INTERIM) {
        throw new MalformedAnswerError(`${this.#interim} provisional answers came, but no final answer`);
      }
      this.#text = '';
      this.#seen = 0;
    }
    return undefined;
  }

  /** Another protocol is recognised by its first byte, not after the time limit for a head. */
  #checkBeginning(): void {
    const begun = this.#text.slice(0, 'HTTP/1.1 '.length);
    if ('HTTP/1.1 '.startsWith(begun) || 'HTTP/1.0 '.startsWith(begun)) return;
    // A frame begins with its length in three bytes. The first frame is SETTINGS, which is short.
    const http2 = begun.startsWith('\0\0');
    throw new MalformedAnswerError(`it begins with ${JSON.stringify(begun)}`, http2);
  }

  /** A line feed or carriage return alone is a line end for some parsers and not for others. */
  #checkLineEnds(length: number): void {
    if (/[^\r]\n|\r[^\n]/.test(this.#text.slice(Math.max(0, this.#seen - 1), length))) {
      throw new MalformedAnswerError('a line of its head does not end in CRLF');
    }
    this.#seen = length;
  }
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;

function parseHead(text: string, bodiless: boolean): AnswerHead {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const [, minor, digits] = STATUS_LINE.exec(statusLine) ?? [];
  if (digits === undefined) {
    throw new MalformedAnswerError(`its status line is ${JSON.stringify(statusLine.slice(0, 60))}`);
  }
  const status = Number(digits);
  const old = minor === '0';
  const headers = readFields(lines);
  const length = readLength(headers['content-length']);
  // The answer to a HEAD states the size of an object by it.
  if (length !== undefined) headers['content-length'] = String(length);
  const framing: Framing = bodiless ? { kind: 'length', bytes: 0 } : framingOf(status, length, headers, old);
  const tokens = (headers.connection ?? '')
    .toLowerCase()
    .split(',')
    .map((token) => token.trim());
  const kept = old ? tokens.includes('keep-alive') : !tokens.includes('close');
  const keep = /(?:^|[,\s])timeout\s*=\s*(\d{1,6})/i.exec(headers['keep-alive'] ?? '')?.[1];
  return {
    status,
    headers,
    framing,
    reusable: kept && framing.kind !== 'close',
    keepSeconds: keep === undefined ? undefined : Number(keep),
  };
}

function readFields(lines: readonly string[]): Record<string, string> {
  if (lines.length > MOST_FIELDS) throw new MalformedAnswerError(`its head has more than ${MOST_FIELDS} fields`);
  // A field named __proto__ is a field like any other.
  const headers: Record<string, string> = Object.create(null);
  let last: string | undefined;
  for (const line of lines) {
    const wrong = () => new MalformedAnswerError(`a field of its head is ${JSON.stringify(line.slice(0, 60))}`);
    if (last !== undefined && /^[\t ]/.test(line)) {
      // A folded line (RFC 9112, 5.2) continues the value of the line before it.
      if (!HEADER_VALUE.test(line)) throw wrong();
      headers[last] = trimmed(`${headers[last]} ${trimmed(line)}`);
      continue;
    }
    // No name has white space before the colon.
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    const value = line.slice(colon + 1);
    if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(value)) throw wrong();
    const known = headers[name];
    headers[name] = known === undefined ? trimmed(value) : `${known}, ${trimmed(value)}`;
    last = name;
  }
  return headers;
}

/**
 * Without the white space of HTTP around it, which is only spaces and tabs. `trim` also removes the byte A0 (a space of
 * Latin-1), and other parsers don't: for them, such a value is another one.
 */
function trimmed(value: string): string {
  let [from, to] = [0, value.length];
  while (from < to && isSpace(value.charCodeAt(from))) from += 1;
  while (to > from && isSpace(value.charCodeAt(to - 1))) to -= 1;
  return value.slice(from, to);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/**
 * With a coding other than only `chunked`, the body ends with the connection: a caller refuses such a body by its
 * Transfer-Encoding.
 */
function framingOf(status: number, length: number | undefined, headers: Headers, old: boolean): Framing {
  const coding = headers['transfer-encoding'];
  if (status < 200 || status === 204 || status === 304) return { kind: 'length', bytes: 0 };
  if (coding !== undefined) {
    // RFC 9112, 6.1 and 6.3: both together are a sign of an attempt to smuggle a second answer into the first.
    if (length !== undefined) throw new MalformedAnswerError('it has both Content-Length and Transfer-Encoding');
    if (old) throw new MalformedAnswerError('it is HTTP/1.0 with Transfer-Encoding');
    return { kind: coding.toLowerCase() === 'chunked' ? 'chunks' : 'close' };
  }
  return length === undefined ? { kind: 'close' } : { kind: 'length', bytes: length };
}

/** The same length twice counts as one length (RFC 9112, 6.3). */
function readLength(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const [first = '', ...others] = value.split(',').map(trimmed);
  if (!/^\d{1,15}$/.test(first) || others.some((one) => one !== first)) {
    throw new MalformedAnswerError(`its Content-Length is ${JSON.stringify(value.slice(0, 60))}`);
  }
  return Number(first);
}
