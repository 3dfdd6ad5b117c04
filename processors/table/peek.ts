/** The beginning of a stream, and the whole stream. */
export interface Peeked {
  readonly head: Buffer;
  /** Whether `head` is the whole stream. */
  readonly whole: boolean;
  /** All bytes from the first one on. Read them only once. */
  readonly all: AsyncGenerator<Buffer>;
}

/** Reads the first bytes of a stream without losing them: at least `bytes`, if there are so many. */
export async function peek(source: AsyncGenerator<Buffer>, bytes: number): Promise<Peeked> {
  const chunks: Buffer[] = [];
  let length = 0;
  let whole = false;
  while (length < bytes) {
    const next = await source.next();
    if (next.done === true) {
      whole = true;
      break;
    }
    chunks.push(next.value);
    length += next.value.length;
  }
  const read = Buffer.concat(chunks);
  return { head: read.subarray(0, bytes), whole: whole && read.length <= bytes, all: join(read, source) };
}

async function* join(first: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  yield* rest;
}
