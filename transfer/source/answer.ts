import type { Headers } from '../lane/answer-head.ts';
import type { SourceAnswer } from './reader.ts';

/** What the head of an answer says about the representation, in the engine's own terms. */
export interface SourceHead {
  readonly status: number;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly date: string | undefined;
  readonly contentType: string | undefined;
  /** undefined for identity. */
  readonly contentEncoding: string | undefined;
  readonly contentDisposition: string | undefined;
  /** The length of this answer's body. */
  readonly contentLength: number | undefined;
  /** Whether an interrupted body can be recognised: it has a length, or chunks. */
  readonly framed: boolean;
  readonly acceptRanges: string | undefined;
  readonly origin: string;
  /** The URL that answered, after redirects. */
  readonly url: URL;
  readonly headers: Headers;
  /** The fields above that are ignored because their values make no sense. */
  readonly ignored: readonly string[];
}

/**
 * The fields that are used in requests, metadata, states and records, and the accepted form of each. A head may be 64
 * KiB; S3 accepts 8 KiB of a request.
 */
const TAKEN: Readonly<Record<string, RegExp>> = {
  etag: /^[\x20-\x7e\x80-\xff]{1,4096}$/,
  'last-modified': /^[\x20-\x7e]{1,64}$/,
  'content-type': /^[\x20-\x7e]{1,255}$/,
  'content-encoding': /^[\x20-\x7e]{1,64}$/,
};

/** Returns whether an answer is the whole body: a proxy has changed the body of a 203 (RFC 9110, 15.3.4). */
export function isWhole({ status }: Pick<SourceHead, 'status'>): boolean {
  return status === 200 || status === 203;
}

export function readHead({ status, headers, url }: SourceAnswer): SourceHead {
  const ignored: string[] = [];
  const field = (name: string) => {
    const value = headers[name]?.trim() || undefined;
    if (value === undefined || TAKEN[name]?.test(value)) return value;
    ignored.push(name);
    return undefined;
  };
  const encoding = field('content-encoding')?.toLowerCase();
  const contentLength = readLength(headers['content-length']);
  return {
    status,
    etag: field('etag'),
    lastModified: field('last-modified'),
    date: headers.date,
    contentType: field('content-type'),
    contentEncoding: encoding === 'identity' ? undefined : encoding,
    contentDisposition: headers['content-disposition'],
    contentLength,
    framed: contentLength !== undefined || headers['transfer-encoding']?.toLowerCase() === 'chunked',
    acceptRanges: headers['accept-ranges'],
    origin: url.origin,
    url,
    headers,
    ignored,
  };
}

/** The same length twice counts as one length (RFC 9112, 6.3). */
function readLength(value: string | undefined): number | undefined {
  const [first = '', ...others] = (value ?? '').split(',').map((one) => one.trim());
  return /^\d{1,16}$/.test(first) && others.every((one) => one === first) ? Number(first) : undefined;
}

/** A Content-Range of bytes. `total` is undefined if the source doesn't know it (`*`). */
export interface ContentRange {
  readonly first: number;
  readonly last: number;
  readonly total: number | undefined;
}

/**
 * Returns whether a 200 names a part of the file as its Content-Range. HTTP gives that header no meaning in a 200, but
 * servers that send a part with it exist: stored as a whole body, it would be a file that is cut.
 */
export function isPartOnly(head: SourceHead): boolean {
  const range = contentRangeOf(head);
  if (range === undefined) return false;
  if (range.total === undefined) return range.first > 0;
  return range.last - range.first + 1 < range.total;
}

/**
 * Reads the Content-Range of an answer.
 *
 * @returns undefined if there is none, an impossible one, or a body that is not the range itself
 * (multipart/byteranges).
 */
export function contentRangeOf({ headers }: Pick<SourceHead, 'headers'>): ContentRange | undefined {
  if (/^\s*multipart\/byteranges\b/i.test(headers['content-type'] ?? '')) return undefined;
  const match = /^\s*bytes\s+(\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)\s*$/i.exec(headers['content-range'] ?? '');
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2]);
  const total = match[3] === '*' ? undefined : Number(match[3]);
  return last < first || (total !== undefined && last >= total) ? undefined : { first, last, total };
}
