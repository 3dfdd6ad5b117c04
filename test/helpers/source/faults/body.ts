import { gzipSync } from 'node:zlib';
import { bodyHead, bodyLength, bodyViews, type ChunkDefect, setHeader } from '../answer.ts';
import type { Fault } from '../fault.ts';

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
