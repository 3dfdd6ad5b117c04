import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib';

/** Nobody packs a page more often; each layer can unfold a little into a lot. */
const MOST_CODINGS = 2;

type Decode = Transform | ((chunks: AsyncIterable<Buffer>) => AsyncIterable<Buffer>);

const DECODERS: Readonly<Record<string, () => Decode>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: () => inflated,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/** The codings of a Content-Encoding, in the order in which they were applied. An empty one and `identity` are none. */
export function codingsOf(header: string | readonly string[] | undefined): string[] {
  return [header ?? []]
    .flat()
    .flatMap((value) => value.split(','))
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity');
}

/** What of the codings can't be decoded, undefined where all can. */
export function undecodable(codings: readonly string[]): string | undefined {
  const unknown = codings.find((coding) => !Object.hasOwn(DECODERS, coding));
  return unknown ?? (codings.length > MOST_CODINGS ? codings.join(', ') : undefined);
}

/** Reads a body, decoded, up to so many bytes of what it decodes to. Leaving off destroys the body and with it the connection. */
export async function readDecoded(
  body: Readable,
  codings: readonly string[],
  maxBytes: number,
): Promise<{ body: Buffer; truncated: boolean }> {
  const decoders = codings.toReversed().map((coding) => DECODERS[coding]?.() ?? createGunzip());
  const stream: AsyncIterable<Buffer> = decoders.length === 0 ? body : chained([body, ...decoders]);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    chunks.push(chunk.subarray(0, maxBytes - bytes));
    bytes += chunk.length;
    if (bytes > maxBytes) return { body: Buffer.concat(chunks), truncated: true };
  }
  return { body: Buffer.concat(chunks), truncated: false };
}

/** HTTP's deflate is zlib's form (RFC 9110 8.4.1.2); some servers send it without zlib's head, and browsers take both. */
async function* inflated(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) return;
  const all = async function* () {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => iterator };
  };
  // The low half of zlib's first byte is its method, 8.
  const inflate = ((first.value[0] ?? 0) & 0x0f) === 8 ? createInflate() : createInflateRaw();
  yield* chained([all, inflate]);
}

/** What comes out of the last of several streams. An error of any of them is thrown from there, and leaving off destroys all. */
function chained(streams: readonly (Readable | Decode | (() => AsyncIterable<Buffer>))[]): AsyncIterable<Buffer> {
  // The types of `pipeline` know generators as arguments, and not in an array.
  return pipeline(streams as unknown as Transform[], () => {}) as unknown as Transform;
}
