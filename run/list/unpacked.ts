import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { SourceListError } from './list-error.ts';

/**
 * A list of URLs compresses to a tenth of its size, hardly ever to a fiftieth. A higher ratio is treated as an attack
 * (a gzip bomb).
 */
const MOST_TIMES_LARGER = 100;
/** Below this size the ratio is not checked: so few bytes do no harm. */
const RATIO_COUNTS_FROM_BYTES = 16 * 1_024 * 1_024;
/** A million sources take a few hundred bytes each. */
const MOST_BYTES = 2 * 1_024 * 1_024 * 1_024;

/**
 * The bytes of a list, unpacked if they are gzip. The first bytes decide; the name only must not contradict them.
 *
 * @param name the list's file name. If it ends with `.gz`, the bytes have to be gzip.
 * @throws SourceListError if the gzip data is incomplete, broken, followed by other bytes, or unpacks to too many
 * bytes.
 */
export async function* unpacked(chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const input = await withBeginning(chunks, 2);
  const isGzip = input.beginning[0] === 0x1f && input.beginning[1] === 0x8b;
  if (!isGzip && /\.gz$/i.test(name)) {
    throw new SourceListError('its name ends with .gz, but its content is not gzip');
  }
  let bytes = 0;
  for await (const chunk of isGzip ? gunzipped(input.all) : input.all) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new SourceListError(`is longer than ${MOST_BYTES} bytes`);
    yield chunk;
  }
}

async function* gunzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  let read = 0;
  let written = 0;
  let sourceFault: unknown;
  const feed = async function* () {
    try {
      for await (const chunk of chunks) {
        read += chunk.length;
        yield chunk;
      }
    } catch (error) {
      sourceFault = error;
      throw error;
    }
  };
  // The reader below receives each error too. This handler only keeps the error from ending the process.
  const fed = pipeline(feed, gunzip).catch(() => {});
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      written += chunk.length;
      if (written > RATIO_COUNTS_FROM_BYTES && written > read * MOST_TIMES_LARGER) {
        throw new SourceListError(`its gzip data unpacks to more than ${MOST_TIMES_LARGER} times its size`);
      }
      yield chunk;
    }
  } catch (error) {
    if (error === sourceFault || error instanceof SourceListError) throw error;
    throw new SourceListError(`its gzip data is ${whatIsWrong(error)}`, { cause: error });
  } finally {
    gunzip.destroy();
    await fed;
  }
  // zlib stops at the end of the last member, and does not report bytes that follow.
  if (read > gunzip.bytesWritten) throw new SourceListError('other bytes follow its gzip data');
}

function whatIsWrong(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  // zlib: "unexpected end of file".
  return code === 'Z_BUF_ERROR' ? `cut: ${message}` : `broken: ${message}`;
}

/** Reads the first bytes of a stream, however it is divided into chunks, and still passes them on. */
async function withBeginning(chunks: AsyncIterable<Uint8Array>, bytes: number) {
  const iterator = chunks[Symbol.asyncIterator]();
  let beginning = Buffer.alloc(0);
  while (beginning.length < bytes) {
    const next = await iterator.next();
    if (next.done === true) break;
    beginning = Buffer.concat([beginning, next.value]);
  }
  const all = async function* () {
    try {
      if (beginning.length > 0) yield beginning;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  };
  return { beginning, all: all() };
}
