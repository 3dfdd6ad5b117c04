import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import {
  type BodyPiece,
  bodyHead,
  bodyLength,
  bodyViews,
  type ChunkDefect,
  emptyAnswer,
  header,
  setHeader,
} from './answer.ts';
import type { Seed } from './content.ts';
import type { Fault, FaultRule } from './fault.ts';
import type { SourceFile } from './file.ts';

type Cut = 'fin' | 'reset';

// --- the connection ---

/** Ends the connection after so many body bytes. With `reset` the client may get fewer: a reset overtakes. */
export function cut(afterBytes: number, how: Cut = 'fin'): Fault {
  return {
    name: `cut after ${afterBytes} bytes by ${how}`,
    change: (answer) => answer.events.push({ at: afterBytes, kind: how }),
  };
}

/** Ends the connection, or says no more, after so many bytes of the head; 0 is no answer at all. */
export function cutHead(afterBytes: number, how: Cut | 'stall' = 'fin'): Fault {
  return {
    name: `${how} after ${afterBytes} bytes of the head`,
    change: (answer) => {
      answer.headCut = { bytes: afterBytes, kind: how };
    },
  };
}

/** Sends nothing more after so many body bytes, for a time or until the client gives up. */
export function stall(afterBytes: number, milliseconds = Number.POSITIVE_INFINITY): Fault {
  return {
    name: `stall after ${afterBytes} bytes for ${milliseconds} ms`,
    change: (answer) => answer.events.push({ at: afterBytes, kind: 'stall', milliseconds }),
  };
}

/** Sends the body at this rate. */
export function drip(bytesPerSecond: number): Fault {
  return {
    name: `drip at ${bytesPerSecond} bytes/s`,
    change: (answer) => {
      answer.bytesPerSecond = bytesPerSecond;
    },
  };
}

/** Waits before the head. */
export function delay(milliseconds: number): Fault {
  return {
    name: `delay by ${milliseconds} ms`,
    change: (answer) => {
      answer.delayMilliseconds = milliseconds;
    },
  };
}

/** Says `Connection: close` and closes after the answer. */
export function connectionClose(): Fault {
  return {
    name: 'close the connection after the answer',
    change: (answer) => {
      answer.closeAfter = true;
    },
  };
}

/** Closes after the answer without having said so. */
export function silentClose(): Fault {
  return {
    name: 'close the connection unannounced',
    change: (answer) => {
      answer.late = { milliseconds: 0, bytes: Buffer.alloc(0), close: true };
    },
  };
}

/** A `408 Request Timeout` on the idle connection some time after the answer, as servers send before they close. */
export function late408(milliseconds: number): Fault {
  const bytes = Buffer.from('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  return {
    name: `408 on the idle connection after ${milliseconds} ms`,
    change: (answer) => {
      answer.late = { milliseconds, bytes, close: true };
    },
  };
}

// --- status ---

/** An error, or any status without a file's body. `retryAfter` is seconds or an HTTP date. */
export function status(
  code: number,
  options: {
    readonly retryAfter?: number | string;
    readonly body?: string;
    readonly headers?: Record<string, string>;
  } = {},
): Fault {
  return {
    name: `status ${code}${options.retryAfter === undefined ? '' : ` with Retry-After ${options.retryAfter}`}`,
    change: (answer) => {
      const fresh = emptyAnswer(code);
      Object.assign(answer, { status: code, reason: fresh.reason, headers: fresh.headers });
      const text = options.body ?? `the source answers ${code}`;
      answer.body = [204, 304].includes(code) ? [] : [Buffer.from(text)];
      if (options.retryAfter !== undefined) setHeader(answer, 'Retry-After', String(options.retryAfter));
      for (const [name, value] of Object.entries(options.headers ?? {})) setHeader(answer, name, value);
    },
  };
}

export function redirect(location: string, code = 302): Fault {
  return { ...status(code, { headers: { Location: location }, body: '' }), name: `redirect ${code} to ${location}` };
}

/** `count` redirects `/hop/1` … `/hop/<count>`, the last to `target`; `first` is the path that begins it. */
export function redirectChain(first: string, count: number, target: string): FaultRule[] {
  return Array.from({ length: count }, (_, hop) => ({
    when: { path: hop === 0 ? first : `/hop/${hop}` },
    faults: redirect(hop === count - 1 ? target : `/hop/${hop + 1}`),
  }));
}

/**
 * `path` redirects to `<target>?signature=<n>`, each time another, and each such address answers `status` once it has
 * been used `uses` times: a presigned URL that runs out.
 */
export function expiringRedirect(path: string, target: string, uses: number, code = 403): FaultRule[] {
  const used = new Map<string, number>();
  let signature = 0;
  const issue: Fault = {
    name: `redirect to ${target}, good for ${uses} requests`,
    change: (answer, exchange) => redirect(`${target}?signature=${++signature}`).change?.(answer, exchange),
  };
  const expire: Fault = {
    name: `${code} after ${uses} requests`,
    change: (answer, exchange) => {
      const { target: address } = exchange.request;
      const count = (used.get(address) ?? 0) + 1;
      used.set(address, count);
      if (count > uses || address === target) status(code).change?.(answer, exchange);
    },
  };
  return [
    { when: { path }, faults: issue },
    { when: { path: target }, faults: expire },
  ];
}

/** Answers 416 whatever the range; `contentRange` is the whole header's value, null sends none. */
export function rangeNotSatisfiable(contentRange: string | null = 'bytes */0'): Fault {
  const headers: Record<string, string> = contentRange === null ? {} : { 'Content-Range': contentRange };
  return { ...status(416, { headers, body: '' }), name: `416 with Content-Range ${contentRange}` };
}

/** 304 even where nothing conditional was asked. */
export function notModified(): Fault {
  return { ...status(304), name: '304 unasked' };
}

// --- versions and validators ---

/** Answers from another version of the file. */
export function version(change: Partial<SourceFile>): Fault {
  return {
    name: `another version: ${JSON.stringify(change)}`,
    prepare: (exchange) => {
      exchange.file = { ...exchange.file, ...change };
    },
  };
}

/** Sends another ETag, or none, with the same bytes. */
export function etag(value: string | null): Fault {
  return { ...version({ etag: value }), name: `ETag ${value}` };
}

/** The same file behind several backends: its ETag goes round with each request. */
export function alternatingEtags(...values: readonly string[]): Fault {
  let turn = 0;
  return {
    name: `alternating ETags ${values.join(' ')}`,
    prepare: (exchange) => {
      exchange.file = { ...exchange.file, etag: values[turn++ % values.length] ?? null };
    },
  };
}

/** A Last-Modified so many seconds before the answer's Date (weak by RFC 9110 below 60), or none, and no ETag. */
export function onlyLastModified(secondsAgo: number | null): Fault {
  const lastModified = secondsAgo === null ? null : new Date(Date.now() - secondsAgo * 1000);
  return { ...version({ etag: null, lastModified }), name: `no ETag, Last-Modified ${secondsAgo} s ago` };
}

/** From this offset of the file on, the body is another version's, under the same head: only a hash tells. */
export function splice(atOffset: number, seed: Seed): Fault {
  return {
    name: `splice at ${atOffset} of content ${seed}`,
    change: (answer) => {
      answer.body = answer.body.flatMap((piece): BodyPiece[] => {
        if (Buffer.isBuffer(piece)) return [piece];
        const before = Math.min(Math.max(0, atOffset - piece.from), piece.length);
        return [
          { ...piece, length: before },
          { seed, from: piece.from + before, length: piece.length - before },
        ].filter(({ length }) => length > 0);
      });
    },
  };
}

// --- ranges ---

/** Answers 200 with everything whatever range is asked for. */
export function ignoreRange(): Fault {
  return {
    name: 'ignore Range',
    prepare: (exchange) => {
      exchange.ignoreRange = true;
    },
    change: (answer) => setHeader(answer, 'Accept-Ranges', null),
  };
}

/** Ignores If-Match, If-None-Match and their likes (If-Range too comes out as held). */
export function ignoreConditions(): Fault {
  return {
    name: 'ignore conditions',
    prepare: (exchange) => {
      exchange.ignoreConditions = true;
      const { 'if-range': _, ...headers } = exchange.request.headers;
      exchange.request = { ...exchange.request, headers };
    },
  };
}

export type ContentRangeDefect =
  | 'missing'
  | 'offset'
  | 'total'
  | 'unknown-total'
  | 'unit'
  | 'end'
  | 'garbage'
  | 'twice';

/** A 206 whose Content-Range isn't what was sent. Other answers stay as they are. */
export function contentRange(defect: ContentRangeDefect): Fault {
  return {
    name: `Content-Range: ${defect}`,
    change: (answer) => {
      const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header(answer, 'Content-Range') ?? '');
      if (answer.status !== 206 || !match) return;
      const [from, to, total] = match.slice(1).map(Number) as [number, number, number];
      const values: Record<ContentRangeDefect, string | null> = {
        missing: null,
        offset: `bytes ${from + 1}-${to + 1}/${total + 1}`,
        total: `bytes ${from}-${to}/${total + 1}`,
        'unknown-total': `bytes ${from}-${to}/*`,
        unit: `octets ${from}-${to}/${total}`,
        end: `bytes ${from}-${to - 1}/${total}`,
        garbage: 'bytes of some kind',
        twice: `bytes ${from}-${to}/${total}`,
      };
      setHeader(answer, 'Content-Range', values[defect]);
      if (defect === 'twice') answer.headers.push(['Content-Range', `bytes ${from}-${to}/${total + 7}`]);
    },
  };
}

/** A right 206, of at most so many bytes of what was asked for. */
export function shortRange(maxBytes: number): Fault {
  return {
    name: `206 of at most ${maxBytes} bytes`,
    change: (answer) => {
      const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header(answer, 'Content-Range') ?? '');
      if (answer.status !== 206 || !match) return;
      answer.body = bodyHead(answer.body, maxBytes);
      const from = Number(match[1]);
      setHeader(answer, 'Content-Range', `bytes ${from}-${from + bodyLength(answer.body) - 1}/${match[3]}`);
    },
  };
}

/** The range as the only part of a `multipart/byteranges`. */
export function multipartByteranges(): Fault {
  return {
    name: 'multipart/byteranges',
    change: (answer) => {
      if (answer.status !== 206) return;
      const head = `--sluice\r\nContent-Type: text/plain\r\nContent-Range: ${header(answer, 'Content-Range')}\r\n\r\n`;
      answer.body = [Buffer.from(head), ...answer.body, Buffer.from('\r\n--sluice--\r\n')];
      setHeader(answer, 'Content-Range', null);
      setHeader(answer, 'Content-Type', 'multipart/byteranges; boundary=sluice');
    },
  };
}

// --- body and its framing ---

/** Body and Content-Length are both this much longer (or shorter, if negative) than the range or file. */
export function bodyBytes(delta: number): Fault {
  return {
    name: `${delta} body bytes too many`,
    change: (answer) => {
      answer.body =
        delta < 0
          ? bodyHead(answer.body, Math.max(0, bodyLength(answer.body) + delta))
          : [...answer.body, Buffer.alloc(delta, 'x')];
    },
  };
}

/** Content-Length says this much more (or less) than is sent; the connection is closed behind it. */
export function contentLength(delta: number): Fault {
  return {
    name: `Content-Length off by ${delta}`,
    change: (answer) => {
      setHeader(answer, 'Content-Length', String(Math.max(0, bodyLength(answer.body) + delta)));
      answer.closeAfter = true;
    },
  };
}

/** Two Content-Length headers, alike or not. */
export function twoContentLengths(kind: 'same' | 'conflicting'): Fault {
  return {
    name: `two Content-Length headers, ${kind}`,
    change: (answer) => {
      const length = bodyLength(answer.body);
      setHeader(answer, 'Content-Length', String(length));
      answer.headers.push(['Content-Length', String(kind === 'same' ? length : length + 1)]);
    },
  };
}

/** Flips the bits of one body byte. */
export function corrupt(atByte: number): Fault {
  return {
    name: `corrupt body byte ${atByte}`,
    change: (answer) => {
      const views: Buffer[] = [];
      let at = atByte;
      for (const view of bodyViews(answer.body)) {
        const copy = at >= 0 && at < view.length ? Buffer.from(view) : view;
        if (copy !== view) copy[at] = ~(copy[at] ?? 0) & 0xff;
        views.push(copy);
        at -= view.length;
      }
      answer.body = views;
    },
  };
}

/** Chunked, so without a length. */
export function chunked(chunkBytes = 16_384): Fault {
  return {
    name: `chunked by ${chunkBytes} bytes`,
    change: (answer) => {
      answer.framing = 'chunked';
      answer.chunkBytes = chunkBytes;
    },
  };
}

export function badChunks(defect: ChunkDefect): Fault {
  return {
    name: `chunked, ${defect}`,
    change: (answer) => {
      answer.framing = 'chunked';
      answer.chunkDefect = defect;
    },
  };
}

/** Trailers behind a chunked body. */
export function trailers(fields: Readonly<Record<string, string>>): Fault {
  return {
    name: `trailers ${Object.keys(fields).join(', ')}`,
    change: (answer) => {
      answer.framing = 'chunked';
      answer.trailers = Object.entries(fields);
    },
  };
}

/** Neither a length nor chunks: the end of the connection is the end of the body. */
export function closeDelimited(): Fault {
  return {
    name: 'neither length nor chunks',
    change: (answer) => {
      answer.framing = 'close';
    },
  };
}

/** `Content-Encoding: gzip` although identity was asked for. The whole answer is encoded in memory. */
export function gzip(): Fault {
  return {
    name: 'Content-Encoding: gzip',
    change: (answer) => {
      answer.body = [gzipSync(Buffer.concat([...bodyViews(answer.body)]))];
      setHeader(answer, 'Content-Encoding', 'gzip');
    },
  };
}

// --- heads ---

/** Sets or, with null, removes headers. */
export function headers(fields: Readonly<Record<string, string | null>>): Fault {
  return {
    name: `headers ${JSON.stringify(fields)}`,
    change: (answer) => {
      for (const [name, value] of Object.entries(fields)) setHeader(answer, name, value);
    },
  };
}

const GARBAGE = {
  'no colon': 'this line has no colon\r\n',
  'bare line feed': 'X-Bare: a\nX-Other: b\r\n',
  'space before colon': 'X-Space : value\r\n',
  'zero byte': 'X-Zero: a\0b\r\n',
  folded: 'X-Folded: one\r\n two\r\n',
  'latin-1': 'X-Latin: caf\xe9\r\n',
  'both framings': 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n',
} as const;

/** A header line that no sane server sends. */
export function headerGarbage(kind: keyof typeof GARBAGE): Fault {
  return {
    name: `header garbage: ${kind}`,
    change: (answer) => {
      answer.rawHeaders += GARBAGE[kind];
    },
  };
}

/** So many bytes of headers before the others. */
export function hugeHeaders(bytes: number): Fault {
  return {
    name: `${bytes} bytes of headers`,
    change: (answer) => {
      const count = Math.ceil(bytes / 1000);
      for (let n = 0; n < count; n++) answer.headers.unshift([`X-Filler-${n}`, 'x'.repeat(980)]);
    },
  };
}

/** Provisional answers before the real one. */
export function interim(code = 103, count = 1): Fault {
  return {
    name: `${count} times ${code} before the answer`,
    change: (answer) => {
      const head = `HTTP/1.1 ${code} Wait\r\nLink: </style.css>; rel=preload\r\n\r\n`;
      answer.interim = Array.from({ length: count }, () => head);
    },
  };
}

// --- hashes that the source states ---

const BASE64 = (algorithm: string, views: Iterable<Buffer>) => {
  const hash = createHash(algorithm);
  for (const view of views) hash.update(view);
  return hash.digest('base64');
};

const STATEMENTS = {
  /** Of what this answer carries: on a 206 the range. */
  'Content-MD5': (body, _whole) => BASE64('md5', body),
  'Content-Digest': (body, _whole) => `sha-256=:${BASE64('sha256', body)}:`,
  /** Of the whole representation, on a 206 too. */
  'Repr-Digest': (_body, whole) => `sha-256=:${BASE64('sha256', whole)}:`,
  Digest: (_body, whole) => `SHA-256=${BASE64('sha256', whole)}`,
  'x-goog-hash': (_body, whole) => `md5=${BASE64('md5', whole)}`,
  'x-amz-checksum-sha256': (_body, whole) => BASE64('sha256', whole),
  'x-ms-blob-content-md5': (_body, whole) => BASE64('md5', whole),
} as const satisfies Record<string, (body: Iterable<Buffer>, whole: Iterable<Buffer>) => string>;

export type HashHeader = keyof typeof STATEMENTS;

/**
 * States a hash, right or of other bytes. `Content-MD5` and `Content-Digest` cover this answer's bytes, the others the whole
 * file. Each answer computes its hash anew, so keep the files small.
 */
export function states(name: HashHeader, truth: 'right' | 'wrong', more: Readonly<Record<string, string>> = {}): Fault {
  return {
    name: `${truth} ${name}`,
    change: (answer, { file }) => {
      const wrong = [Buffer.from('other bytes')];
      const whole = bodyViews([{ seed: file.seed, from: 0, length: file.length }]);
      const value =
        truth === 'right' ? STATEMENTS[name](bodyViews(answer.body), whole) : STATEMENTS[name](wrong, wrong);
      setHeader(answer, name, value);
      for (const [other, text] of Object.entries(more)) setHeader(answer, other, text);
    },
  };
}
