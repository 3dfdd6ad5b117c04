import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type AnswerHead, AnswerHeadReader, MalformedAnswerError } from '#transfer/lane/answer-head.ts';

const RANGE = 'HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nETag: "a"\r\n';

/** Reads a head given in pieces; what lies behind it is returned too. */
function read(...pieces: (string | Buffer)[]): { head: AnswerHead; body: string } | undefined {
  const reader = new AnswerHeadReader();
  for (const [index, piece] of pieces.entries()) {
    const bytes = Buffer.from(piece as string, 'latin1');
    const found = reader.read(bytes);
    if (found === undefined) continue;
    const rest = pieces.slice(index + 1).map((one) => Buffer.from(one as string, 'latin1'));
    return { head: found.head, body: Buffer.concat([bytes.subarray(found.bodyAt), ...rest]).toString('latin1') };
  }
  return undefined;
}

it('the reader of heads reads a head and leaves the body', () => {
  const found = read(`${RANGE}Keep-Alive: timeout=7, max=100\r\nX-Odd:\t caf\xe9 \r\nX-None:\r\n\r\nhello`);
  expect(found?.body).toBe('hello');
  expect(found?.head).toMatchObject({
    status: 206,
    framing: { kind: 'length', bytes: 5 },
    reusable: true,
    keepSeconds: 7,
  });
  expect(found?.head.headers).toMatchObject({ etag: '"a"', 'x-odd': 'caf\xe9', 'x-none': '' });
});

it("the reader of heads joins a repeated field, and treats no field's name specially", () => {
  const found = read(`${RANGE}Vary: a\r\nVARY: b\r\n__proto__: x\r\n\r\n`);
  expect(found?.head.headers.vary).toBe('a, b');
  expect(Object.keys(found?.head.headers ?? {})).toContain('__proto__');
});

it('the reader of heads finds the same head and body however the bytes are cut', () => {
  const text = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${RANGE}X-Long: ${'x'.repeat(100)}\r\n\r\nhello`;
  const whole = read(text);
  expect(whole?.body).toBe('hello');
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: text.length - 1 }), { maxLength: 12 });
  fc.assert(
    fc.property(cuts, (at) => {
      const ends = [...at.sort((a, b) => a - b), text.length];
      const pieces = ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
      expect(read(...pieces)).toEqual(whole);
    }),
    { numRuns: 500 },
  );
  expect(read(...text)).toEqual(whole);
  for (let at = 1; at < text.length; at++) expect(read(text.slice(0, at), text.slice(at))).toEqual(whole);
});

it.each([
  ['a bare line feed', `${RANGE}X: a\nY: b\r\n\r\n`],
  ['a bare line feed as the end of the head', `${RANGE}\nbody`],
  ['only line feeds', 'HTTP/1.1 206 Partial\nContent-Length: 5\n\n'],
  ['a bare carriage return', `${RANGE}X: a\rY: b\r\n\r\n`],
  ['a first field that is folded', 'HTTP/1.1 206 Partial\r\n Content-Length: 5\r\n\r\n'],
  ['a field without a colon', `${RANGE}X\r\n\r\n`],
  ['a field without a name', `${RANGE}: x\r\n\r\n`],
  ['a space before the colon', `${RANGE}X : a\r\n\r\n`],
  ['a zero byte', `${RANGE}X: a\0b\r\n\r\n`],
  ['a delete character', `${RANGE}X: a\x7fb\r\n\r\n`],
  ['HTTP/2 in words', 'HTTP/2 206\r\nContent-Length: 5\r\n\r\n'],
  ['no HTTP at all', 'SSH-2.0-OpenSSH'],
  ['an empty line first', `\r\n${RANGE}\r\n`],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\n'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\n'],
  ['a status that no class has', 'HTTP/1.1 600 Odd\r\nContent-Length: 5\r\n\r\n'],
  ['two lengths that conflict', `${RANGE}content-length: 6\r\n\r\n`],
  ['a signed length', 'HTTP/1.1 206 P\r\nContent-Length: +5\r\n\r\n'],
  ['a length in hex', 'HTTP/1.1 206 P\r\nContent-Length: 0x5\r\n\r\n'],
  ['a length beyond what a number holds', 'HTTP/1.1 206 P\r\nContent-Length: 99999999999999999\r\n\r\n'],
  ['chunks and a length', `${RANGE}Transfer-Encoding: chunked\r\n\r\n`],
  ['a length and chunks of a redirect', 'HTTP/1.1 302 F\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['an unknown coding and a length', `${RANGE}Transfer-Encoding: identity\r\n\r\n`],
  ['a switch of protocols', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
  ['provisional answers without end', 'HTTP/1.1 100 C\r\n\r\n'.repeat(33)],
  ['501 fields', `${RANGE}${'X: a\r\n'.repeat(499)}\r\n`],
  ['chunks of HTTP/1.0', 'HTTP/1.0 200 O\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['more than 64 KiB', `${RANGE}X: ${'a'.repeat(65_536)}`],
  ['more than 64 KiB in provisional answers', `HTTP/1.1 100 C\r\nX: ${'a'.repeat(10_000)}\r\n\r\n`.repeat(7)],
])('the reader of heads refuses %s, whole or byte by byte', (_, text) => {
  expect(() => read(text)).toThrow(MalformedAnswerError);
  expect(() => read(...text)).toThrow(MalformedAnswerError);
});

const CLOSE = { kind: 'close' };
const CHUNKS = { kind: 'chunks' };
const length = (bytes: number) => ({ kind: 'length', bytes });

it.each([
  ['a redirect without a length', 'HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n', CLOSE, false],
  ['a redirect with an empty body', 'HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n', length(0), true],
  ['a redirect in chunks', 'HTTP/1.1 302 Found\r\nTransfer-Encoding: chunked\r\n\r\n', CHUNKS, true],
  [
    '304 with the length of what it stands for',
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n',
    length(0),
    true,
  ],
  ['204', 'HTTP/1.1 204 No Content\r\n\r\n', length(0), true],
  ['412 with a page', 'HTTP/1.1 412 Precondition Failed\r\nContent-Length: 9\r\n\r\n', length(9), true],
  ['a body in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', CHUNKS, true],
  ['a body in another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', CLOSE, false],
  ['a body without a length', 'HTTP/1.1 200 OK\r\n\r\n', CLOSE, false],
  ['a status line without a reason', 'HTTP/1.1 206\r\nContent-Length: 5\r\n\r\n', length(5), true],
  ['a connection that closes', `${RANGE}Connection: foo, Close\r\n\r\n`, length(5), false],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n', length(5), false],
  [
    'HTTP/1.0 that keeps the connection',
    'HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: Keep-Alive\r\n\r\n',
    length(5),
    true,
  ],
  ['the same length in two fields', `${RANGE}Content-Length: 5\r\n\r\n`, length(5), true],
  ['the same length twice in one field', 'HTTP/1.1 206 P\r\nContent-Length: 5, 5\r\n\r\n', length(5), true],
])('the reader of heads accepts %s', (_, text, framing, reusable) => {
  expect(read(text)?.head).toMatchObject({ framing, reusable });
});

it('the reader of heads reads the size of an object from the answer to a HEAD', () => {
  const text = Buffer.from(`${RANGE}Content-Length: 5\r\n\r\n`, 'latin1');
  const head = new AnswerHeadReader(true).read(text)?.head;
  expect(head).toMatchObject({ framing: length(0), headers: { 'content-length': '5' } });
});

it('the reader of heads joins a folded field', () => {
  expect(read(`${RANGE}X: a\r\n  b\r\n\tc\r\nY: d\r\n\r\n`)?.head.headers).toMatchObject({ x: 'a b c', y: 'd' });
});

it.each(['\0\0\x12\x04\0\0\0\0\0', '\0\0\0\x04\0\0\0\0\0'])(
  'the reader of heads recognises a frame of HTTP/2',
  (frame) => {
    expect(() => read(frame)).toThrow(expect.objectContaining({ http2: true }));
  },
);

it('the reader of heads reads garbage in time that grows only with its length', () => {
  // What makes a backtracking expression go over it again and again.
  for (const filler of [' ', ' a', '\t \t', ':']) {
    const text = `HTTP/1.1 206 P\r\nX:${filler.repeat(15_000 / filler.length)}\0\r\n\r\n`;
    expect(() => read(text)).toThrow(MalformedAnswerError);
  }
});
