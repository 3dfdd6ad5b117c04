import { contentViews, type Seed } from './content.ts';
import type { SourceFile } from './file.ts';
import type { SourceRequest } from './request.ts';

/** A stretch of a seed's content, or bytes as they are. */
export type BodyPiece = { readonly seed: Seed; readonly from: number; readonly length: number } | Buffer;

/** What happens when the body has come this far. */
export interface BodyEvent {
  /** Body bytes before it, framing not counted. */
  readonly at: number;
  readonly kind: 'fin' | 'truncate' | 'reset' | 'stall';
  /** How long a stall lasts; Infinity until the client gives up. */
  readonly milliseconds?: number;
}

export type ChunkDefect = 'size-not-hex' | 'no-crlf-after-chunk' | 'no-last-chunk' | 'size-too-large' | 'size-overflow';

/** An answer before it is sent: made right, then changed by faults. */
export interface Answer {
  delayMilliseconds: number;
  /** Whole heads sent before the answer's own, for 1xx. */
  interim: string[];
  status: number;
  reason: string;
  /** In order, duplicates kept. Framing headers are added when it is sent, unless one is here already. */
  headers: [name: string, value: string][];
  /** Put after the headers as they are. */
  rawHeaders: string;
  body: BodyPiece[];
  framing: 'length' | 'chunked' | 'close';
  chunkBytes: number;
  chunkDefect: ChunkDefect | undefined;
  trailers: [name: string, value: string][];
  events: BodyEvent[];
  /** Cuts the connection after so many bytes of the head. */
  headCut: { readonly bytes: number; readonly kind: BodyEvent['kind'] } | undefined;
  bytesPerSecond: number | undefined;
  closeAfter: boolean;
  /** Sent on the idle connection, after the answer. */
  late: { readonly milliseconds: number; readonly bytes: Buffer; readonly close: boolean } | undefined;
}

/** A request and what it is answered from; faults may change the latter before the answer is made. */
export interface Exchange {
  request: SourceRequest;
  file: SourceFile;
  ignoreRange: boolean;
  ignoreConditions: boolean;
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  206: 'Partial Content',
  304: 'Not Modified',
  412: 'Precondition Failed',
  416: 'Range Not Satisfiable',
};

export function emptyAnswer(status: number): Answer {
  return {
    delayMilliseconds: 0,
    interim: [],
    status,
    reason: REASONS[status] ?? 'Status',
    headers: [['Date', new Date().toUTCString()]],
    rawHeaders: '',
    body: [],
    framing: 'length',
    chunkBytes: 16_384,
    chunkDefect: undefined,
    trailers: [],
    events: [],
    headCut: undefined,
    bytesPerSecond: undefined,
    closeAfter: false,
    late: undefined,
  };
}

/**
 * The right answer of RFC 9110: conditions first, then If-Range, then the range. Several ranges at once are answered
 * whole.
 */
export function rightAnswer(exchange: Exchange): Answer {
  const { request, file } = exchange;
  if (!exchange.ignoreConditions) {
    const status = condition(request, file);
    if (status !== undefined) return withValidators(emptyAnswer(status), file);
  }
  const range = exchange.ignoreRange || !ifRangeHolds(request, file) ? undefined : resolve(request, file.length);
  if (range === 'unsatisfiable') {
    const answer = emptyAnswer(416);
    setHeader(answer, 'Content-Range', `bytes */${file.length}`);
    return answer;
  }
  const answer = withValidators(emptyAnswer(range ? 206 : 200), file);
  setHeader(answer, 'Accept-Ranges', 'bytes');
  if (file.contentType !== null) setHeader(answer, 'Content-Type', file.contentType);
  if (file.contentDisposition !== null) setHeader(answer, 'Content-Disposition', file.contentDisposition);
  const { from, to } = range ?? { from: 0, to: file.length - 1 };
  if (range) setHeader(answer, 'Content-Range', `bytes ${from}-${to}/${file.length}`);
  answer.body = [{ seed: file.seed, from, length: to - from + 1 }];
  return answer;
}

export function setHeader(answer: Answer, name: string, value: string | null): void {
  answer.headers = answer.headers.filter(([other]) => other.toLowerCase() !== name.toLowerCase());
  if (value !== null) answer.headers.push([name, value]);
}

export function header(answer: Answer, name: string): string | undefined {
  return answer.headers.find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1];
}

export function bodyLength(body: readonly BodyPiece[]): number {
  return body.reduce((sum, piece) => sum + piece.length, 0);
}

/** The first `bytes` of a body. */
export function bodyHead(body: readonly BodyPiece[], bytes: number): BodyPiece[] {
  let left = bytes;
  const head: BodyPiece[] = [];
  for (const piece of body) {
    const length = Math.min(left, piece.length);
    if (length > 0) head.push(Buffer.isBuffer(piece) ? piece.subarray(0, length) : { ...piece, length });
    left -= length;
  }
  return head;
}

export function* bodyViews(body: readonly BodyPiece[]): Generator<Buffer> {
  for (const piece of body) {
    if (Buffer.isBuffer(piece)) yield piece;
    else yield* contentViews(piece.seed, piece.from, piece.length);
  }
}

function withValidators(answer: Answer, file: SourceFile): Answer {
  if (file.etag !== null) setHeader(answer, 'ETag', file.etag);
  if (file.lastModified) setHeader(answer, 'Last-Modified', file.lastModified.toUTCString());
  return answer;
}

function condition({ headers }: SourceRequest, { etag, lastModified }: SourceFile): 304 | 412 | undefined {
  const opaque = (tag: string) => tag.trim().replace(/^W\//, '');
  const listed = (list: string, tag: string | null, weak: boolean) =>
    list === '*' ||
    (tag !== null && list.split(',').some((other) => (weak ? opaque(other) === opaque(tag) : other.trim() === tag)));
  const ifMatch = headers['if-match'];
  const ifUnmodified = headers['if-unmodified-since'];
  if (ifMatch !== undefined) {
    if (!listed(ifMatch, etag, false) || etag?.startsWith('W/')) return 412;
  } else if (ifUnmodified !== undefined && lastModified && wholeSecond(lastModified) > Date.parse(ifUnmodified)) {
    return 412;
  }
  const ifNoneMatch = headers['if-none-match'];
  const ifModified = headers['if-modified-since'];
  if (ifNoneMatch !== undefined) return listed(ifNoneMatch, etag, true) ? 304 : undefined;
  if (ifModified !== undefined && lastModified && wholeSecond(lastModified) <= Date.parse(ifModified)) return 304;
  return undefined;
}

/** An HTTP date has no parts of a second. */
function wholeSecond(date: Date): number {
  return Math.floor(date.getTime() / 1000) * 1000;
}

function ifRangeHolds({ headers }: SourceRequest, { etag, lastModified }: SourceFile): boolean {
  const ifRange = headers['if-range'];
  if (ifRange === undefined) return true;
  if (ifRange.includes('"')) return ifRange === etag && !ifRange.startsWith('W/');
  return lastModified !== null && lastModified.toUTCString() === ifRange;
}

function resolve({ range }: SourceRequest, length: number): { from: number; to: number } | 'unsatisfiable' | undefined {
  if (!range) return undefined;
  if ('suffix' in range) {
    if (range.suffix === 0 || length === 0) return 'unsatisfiable';
    return { from: Math.max(0, length - range.suffix), to: length - 1 };
  }
  if (range.to !== undefined && range.to < range.from) return undefined;
  if (range.from >= length) return 'unsatisfiable';
  return { from: range.from, to: Math.min(range.to ?? length - 1, length - 1) };
}
