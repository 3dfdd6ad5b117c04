import { bodyHead, bodyLength, header, setHeader } from '../answer.ts';
import type { Fault } from '../fault.ts';

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
