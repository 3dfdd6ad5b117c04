import type { Headers } from '../reader.ts';
import { LaneDeviation } from './deviation.ts';

/** Ranges of real sources come with 10 to 30 fields in 1 to 3 KB. */
const MOST_BYTES = 32_768;
const MOST_FIELDS = 128;
/** 100 and 103 come once or twice. */
const MOST_INTERIM = 8;

/** A status line and fields, read by the letter of RFC 9112, sections 4 and 5. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: Headers;
  /** What the framing says follows; undefined where only the connection's end would say it, or chunks. */
  readonly bodyBytes: number | undefined;
  /** Whether the connection may carry another request behind the body. */
  readonly reusable: boolean;
  /** How long the server says that it keeps an idle connection. */
  readonly keepSeconds: number | undefined;
}

/**
 * Collects the head of an answer from whatever pieces it comes in, provisional answers (1xx) skipped.
 *
 * Lenient parsers disagree on where a head or body ends; so what is not plainly right is a LaneDeviation.
 */
export class AnswerHeadReader {
  #text = '';
  /** Up to where the text is known to have no line end but CRLF, and no end of the head. */
  #seen = 0;
  #bytes = 0;
  #interim = 0;
  /** All that earlier reads held. */
  #earlier = '';

  /** Whether a byte of an answer has come. */
  get begun(): boolean {
    return this.#bytes > 0;
  }

  /** What earlier calls of `read` were given, for another reader of the same answer. */
  get earlier(): Buffer {
    return Buffer.from(this.#earlier, 'latin1');
  }

  /**
   * @returns the head, and how many of these bytes belong to it: what lies behind them is body. Undefined where it goes on.
   * @throws LaneDeviation
   */
  read(bytes: Buffer): { head: AnswerHead; bodyAt: number } | undefined {
    for (let at = 0; at < bytes.length; ) {
      // What may be body is not made text of: a read holds up to 64 KiB of it.
      const end = bytes.indexOf('\r\n\r\n', at);
      const known = this.#text.length;
      this.#text += bytes.toString('latin1', at, end === -1 ? bytes.length : end + 4);
      const headEnd = this.#text.indexOf('\r\n\r\n', Math.max(0, this.#seen - 3));
      const complete = headEnd !== -1;
      const length = complete ? headEnd + 4 : this.#text.length;
      this.#bytes += length - known;
      if (this.#bytes > MOST_BYTES) throw new LaneDeviation(`a head of more than ${MOST_BYTES} bytes`);
      this.#checkBeginning();
      this.#checkLineEnds(length);
      if (!complete) break;
      const head = parseHead(this.#text.slice(0, headEnd));
      at += length - known;
      if (head.status >= 200) return { head, bodyAt: at };
      this.#interim += 1;
      if (head.status === 101 || this.#interim > MOST_INTERIM) {
        throw new LaneDeviation(`${this.#interim} provisional answers, the last is ${head.status}`);
      }
      this.#text = '';
      this.#seen = 0;
    }
    this.#earlier += bytes.toString('latin1');
    return undefined;
  }

  /** Another protocol is told at its first byte, not when the time for a head is up. */
  #checkBeginning(): void {
    const expected = 'HTTP/1.1 ';
    const begun = this.#text.slice(0, expected.length);
    if (!expected.startsWith(begun)) throw new LaneDeviation(`the answer begins with ${JSON.stringify(begun)}`);
  }

  /** A line feed or carriage return alone is a line end to some and none to others. */
  #checkLineEnds(length: number): void {
    if (/[^\r]\n|\r[^\n]/.test(this.#text.slice(Math.max(0, this.#seen - 1), length))) {
      throw new LaneDeviation('a line of the head does not end in CRLF');
    }
    this.#seen = length;
  }
}

const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** No control characters but tabs. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

function parseHead(text: string): AnswerHead {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const status = Number(STATUS_LINE.exec(statusLine)?.[1]);
  if (Number.isNaN(status)) throw new LaneDeviation(`the status line is ${JSON.stringify(statusLine.slice(0, 60))}`);
  if (lines.length > MOST_FIELDS) throw new LaneDeviation(`a head of more than ${MOST_FIELDS} fields`);
  // A field named __proto__ is a field like any other.
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    // A folded line begins with white space, and no white space stands before the colon: neither is in a name.
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    const value = line.slice(colon + 1);
    if (!NAME.test(name) || !VALUE.test(value)) {
      throw new LaneDeviation(`a field of the head is ${JSON.stringify(line.slice(0, 60))}`);
    }
    const known = headers[name];
    if (known !== undefined && (name === 'content-length' || name === 'transfer-encoding')) {
      throw new LaneDeviation(`${name} twice`);
    }
    headers[name] = known === undefined ? value.trim() : `${known}, ${value.trim()}`;
  }
  const bodyBytes = framing(status, headers);
  const tokens = (headers.connection ?? '').toLowerCase().split(',');
  const closes = tokens.some((token) => token.trim() === 'close');
  const keep = /(?:^|[,\s])timeout\s*=\s*(\d{1,6})/i.exec(headers['keep-alive'] ?? '')?.[1];
  return {
    status,
    headers,
    bodyBytes,
    reusable: !closes && bodyBytes !== undefined,
    keepSeconds: keep === undefined ? undefined : Number(keep),
  };
}

/** RFC 9112, section 6.3. Bodies are read of 200 and 206 only: there a length is asked for, and nothing besides. */
function framing(status: number, headers: Headers): number | undefined {
  const length = headers['content-length'];
  const coding = headers['transfer-encoding'];
  if (length !== undefined && !/^\d{1,15}$/.test(length)) throw new LaneDeviation(`Content-Length ${length}`);
  if (length !== undefined && coding !== undefined) throw new LaneDeviation('both a length and Transfer-Encoding');
  if (status < 200) {
    if (length !== undefined || coding !== undefined) throw new LaneDeviation(`a ${status} with a body`);
    return 0;
  }
  if (status === 204 || status === 304) {
    if (coding !== undefined) throw new LaneDeviation(`a ${status} with Transfer-Encoding`);
    return 0;
  }
  if (status < 300) {
    if (length === undefined) throw new LaneDeviation(`a ${status} without a length`);
    if (!/^(?:identity)?$/i.test(headers['content-encoding'] ?? '')) throw new LaneDeviation('an encoded body');
    if (headers.trailer !== undefined) throw new LaneDeviation('trailers are announced');
  }
  return length === undefined ? undefined : Number(length);
}
