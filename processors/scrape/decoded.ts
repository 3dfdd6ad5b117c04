import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib';

/** No honest server applies more codings, and each layer can unpack a few bytes to very many. */
const MOST_CODINGS = 2;

type Decode = Transform | ((chunks: AsyncIterable<Buffer>) => AsyncIterable<Buffer>);

const DECODERS: Readonly<Record<string, () => Decode>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: () => inflated,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/**
 * The codings of a Content-Encoding, in the order in which they were applied. Empty texts and `identity` are left out.
 */
export function codingsOf(header: string | readonly string[] | undefined): string[] {
  return [header ?? []]
    .flat()
    .flatMap((value) => value.split(','))
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity');
}

/** Returns the coding that can't be decoded, or undefined if all can. */
export function undecodable(codings: readonly string[]): string | undefined {
  const unknown = codings.find((coding) => !Object.hasOwn(DECODERS, coding));
  return unknown ?? (codings.length > MOST_CODINGS ? codings.join(', ') : undefined);
}

/** Reads a body, decoded, up to a number of decoded bytes. Stopping early destroys the body and its connection. */
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

/**
 * HTTP's deflate means zlib's format (RFC 9110 8.4.1.2). Some servers send it without zlib's header, and browsers
 * accept both.
 */
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

/**
 * Returns the output of the last of several streams. Errors of all streams are thrown there, and stopping early
 * destroys all of them.
 */
function chained(streams: readonly (Readable | Decode | (() => AsyncIterable<Buffer>))[]): AsyncIterable<Buffer> {
  // The types of `pipeline` accept generators as arguments, but not in an array.
  return pipeline(streams as unknown as Transform[], () => {}) as unknown as Transform;
}
