import { createHash } from 'node:crypto';
import { seededRandom } from '#test/helpers/s3-fault-proxy/random.ts';

/** What a source does with one request, byte by byte. */
export interface AnswerScript {
  /** Written one after the other, with a turn of the event loop or some milliseconds between. */
  readonly pieces: readonly { readonly bytes: Buffer; readonly milliseconds: number }[];
  /** What happens to the connection then. */
  readonly after: 'open' | 'late fin' | 'fin' | 'reset';
}

export type Draw = ReturnType<typeof drawer>;

export function drawer(seed: number) {
  const random = seededRandom(seed);
  const int = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
  const one = <T>(of: readonly T[]) => of[int(0, of.length - 1)] as T;
  return { int, one, chance: (share: number) => random() < share };
}

/** The file that a seed's answers are about. */
export function bodyOf(seed: number): Buffer {
  const draw = drawer(seed);
  const length = draw.one([() => draw.int(0, 20), () => draw.int(0, 5_000), () => draw.int(60_000, 200_000)])();
  const block = createHash('sha512').update(String(seed)).digest('hex');
  return Buffer.alloc(length, block);
}

const right = (share: Draw) => share.chance(0.75);

/** An answer to a request for a range, or for the whole file, that is mostly right, and wrong in some parts. */
export function drawAnswer(draw: Draw, body: Buffer, asked: { first: number; last: number } | undefined): AnswerScript {
  const last = Math.min(asked?.last ?? Number.POSITIVE_INFINITY, body.length - 1);
  const ranged = asked !== undefined && last >= asked.first && draw.chance(0.6);
  const sent = ranged ? body.subarray(asked.first, last + 1) : body;
  const status = right(draw)
    ? ranged
      ? '206 Partial Content'
      : '200 OK'
    : draw.one([
        '100 Continue',
        '101 Up',
        '200',
        '202 Accepted',
        '203 Ok',
        '204 No',
        '206 P',
        '302 Found',
        '304 Not',
        '307 T',
        '400 B',
        '403 F',
        '404 N',
        '412 P',
        '416 R',
        '429 T',
        '500 I',
        '503 S',
        '520 X',
        '599 Y',
        '99 Z',
        'OK',
      ]);
  const fields: string[] = [];
  if (ranged || draw.chance(0.05)) {
    const drawn = right(draw) ? (asked?.first ?? 0) : draw.int(0, 10);
    // The whole file labelled as the requested range is an error that nothing in HTTP shows: the bytes would land.
    const from = !ranged && drawn === asked?.first ? 0 : drawn;
    const total = right(draw) ? body.length : draw.one([draw.int(0, 300_000), '*']);
    fields.push(`Content-Range: bytes ${from}-${from + sent.length - 1}/${total}`);
  }
  if (draw.chance(0.8)) fields.push(`ETag: ${draw.one(['"v1"', '"v1"', '"v1"', 'W/"v1"', '"v2"', 'none', ''])}`);
  if (draw.chance(0.3)) fields.push(`Last-Modified: ${draw.one(['Mon, 01 Jan 2024 00:00:00 GMT', 'soon'])}`);
  if (draw.chance(0.1)) fields.push(`Connection: ${draw.one(['close', 'keep-alive', 'upgrade'])}`);
  if (draw.chance(0.1))
    fields.push(`Retry-After: ${draw.one(['0', '1', '99999999', 'soon', 'Sat, 13 Sep 275760 00:00:00 GMT'])}`);
  if (draw.chance(0.1)) fields.push(`Content-Encoding: ${draw.one(['gzip', 'identity', ''])}`);
  if (draw.chance(0.05)) fields.push(`Content-MD5: ${draw.one(['AAAAAAAAAAAAAAAAAAAAAA==', 'x'])}`);
  if (status.startsWith('30'))
    fields.push(`Location: ${draw.one(['?', '?again', '\u00fc', 'ftp://x', 'http://127.0.0.1:1/'])}`);
  if (draw.chance(0.05))
    fields.push(draw.one([`X: ${'y'.repeat(70_000)}`, 'no colon', ' folded', 'X: a\0b', 'X: a\nY: b', ': none']));
  const framing = draw.one(['length', 'length', 'length', 'chunks', 'chunks', 'close', 'odd']);
  let wire: Buffer = sent;
  /** Bytes after the body would be read as its continuation. */
  let longer = framing === 'close';
  if (framing === 'length') {
    const length = right(draw) ? sent.length : draw.one([0, 5, sent.length + draw.int(-3, 3), -1, '5x', 2 ** 60]);
    fields.push(`Content-Length: ${length}`);
    longer = Number(length) > sent.length;
    if (draw.chance(0.05)) fields.push(`Content-Length: ${draw.one([length, 7])}`);
  }
  if (framing === 'chunks' || framing === 'odd') {
    const odd = ['x-chunked', 'gzip, chunked', 'chunked, gzip', 'chunked, identity', 'identity', 'chunked, chunked'];
    fields.push(`Transfer-Encoding: ${framing === 'odd' ? draw.one(odd) : 'chunked'}`);
    wire = chunked(draw, sent);
  }
  if (!longer && draw.chance(0.1))
    wire = Buffer.concat([wire, Buffer.from(draw.one(['surplus', 'HTTP/1.1 408 Late\r\n\r\n', '\r\n', '0\r\n\r\n']))]);
  if (draw.chance(0.1)) wire = wire.subarray(0, draw.int(0, wire.length));
  const interim = draw.chance(0.1)
    ? draw.one(['HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 E\r\nLink: </a>\r\n\r\n']).repeat(draw.int(1, 40))
    : '';
  const version = draw.chance(0.95) ? 'HTTP/1.1' : draw.one(['HTTP/1.0', 'HTTP/2', 'ICY', 'HTTP/1.1 ', '']);
  let head: Buffer = Buffer.from(
    `${interim}${version} ${status}\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`,
    'latin1',
  );
  // Without the name of its framing a body ends with the connection, and all that comes is the body.
  if (framing === 'length' && interim === '' && wire.length <= sent.length && draw.chance(0.05))
    head = flipped(draw, head);
  if (draw.chance(0.05)) head = head.subarray(0, draw.int(0, head.length));
  return {
    pieces: cut(draw, Buffer.concat([head, wire])),
    after:
      framing === 'close'
        ? draw.one(['fin', 'fin', 'late fin', 'open', 'reset'])
        : draw.one(['open', 'late fin', 'late fin', 'late fin', 'late fin', 'fin', 'reset']),
  };
}

function chunked(draw: Draw, bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  const most = draw.one([10, 1_000, 100_000]);
  for (let at = 0; at < bytes.length; ) {
    const piece = bytes.subarray(at, at + draw.int(1, most));
    at += piece.length;
    const size = draw.chance(0.999) ? piece.length.toString(16) : draw.one(['-1', 'g', '', 'f'.repeat(20)]);
    pieces.push(Buffer.from(`${size}${draw.chance(0.95) ? '' : ';a=b'}\r\n`), piece, Buffer.from('\r\n'));
  }
  const end = right(draw) ? '0\r\n\r\n' : draw.one(['0\r\n', '', '0\r\nX: y\r\n\r\n', '0\n\n']);
  return Buffer.concat([...pieces, Buffer.from(end)]);
}

function flipped(draw: Draw, head: Buffer): Buffer {
  const copy = Buffer.from(head);
  copy[draw.int(0, copy.length - 1)] = draw.int(0, 255);
  return copy;
}

function cut(draw: Draw, bytes: Buffer): { bytes: Buffer; milliseconds: number }[] {
  const pieces: { bytes: Buffer; milliseconds: number }[] = [];
  const most = draw.one([1_000_000, 1_000_000, 50_000, 200]);
  for (let at = 0; at < bytes.length && pieces.length < 40; ) {
    const size = pieces.length === 39 ? bytes.length : draw.int(1, most);
    pieces.push({ bytes: bytes.subarray(at, at + size), milliseconds: draw.one([0, 0, 0, 1, 3]) });
    at += size;
  }
  return pieces;
}
