import type { BodyPiece } from '../answer.ts';
import type { Seed } from '../content.ts';
import type { Fault } from '../fault.ts';
import type { SourceFile } from '../file.ts';

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
