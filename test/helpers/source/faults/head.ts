import { setHeader } from '../answer.ts';
import type { Fault } from '../fault.ts';

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
