import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import * as z from 'zod';
import { defineProcessor } from './contract/processor.ts';
import { type Content, NO_CONTENT } from './profile/content.ts';
import { type Compression, compressionOf, decompress } from './profile/decompress.ts';
import { detectShape, type Encoding, type Shape } from './profile/detect.ts';
import { readJson } from './profile/json.ts';
import { readJsonLines } from './profile/json-lines.ts';
import { peek } from './profile/peek.ts';
import { readTable } from './profile/table.ts';
import { readNothing, readText } from './profile/text.ts';
import { toUtf8 } from './profile/to-utf8.ts';

/** Enough to see a hundred records of most tables. */
const HEAD_BYTES = 64 * 1_024;

/** What `profile` finds out about an object. */
export type Profile = Content & {
  format: Shape['format'];
  compression: Compression;
  /** How the text is encoded; null where it is none. */
  encoding: Encoding | null;
  /** What separates the fields of a table, null elsewhere. */
  delimiter: string | null;
  /** Bytes as they are stored, and after decompression. */
  bytes: number;
  uncompressedBytes: number;
  /** Of the bytes as they are stored. */
  sha256: string;
};

/**
 * Reads an object once and says what it is: compression, format and encoding by its content, records, columns, bytes,
 * SHA-256. Memory stays flat whatever the size.
 *
 * A format it doesn't know is the result `binary` and no error; one that it knows and that is broken fails the item
 * with MalformedInputError.
 */
export const profile = defineProcessor({
  name: 'profile',
  options: z.strictObject({}),
  async process(_item, context): Promise<Profile> {
    const hash = createHash('sha256');
    let bytes = 0;
    let uncompressedBytes = 0;
    const stored = tapped(context.openInput(), (chunk) => {
      hash.update(chunk);
      bytes += chunk.length;
      context.progress({ bytes });
    });
    const { head, all } = await peek(stored, HEAD_BYTES);
    const compression = compressionOf(head);
    const plain = tapped(decompress(all, compression), (chunk) => {
      uncompressedBytes += chunk.length;
    });
    const beginning = await peek(plain, HEAD_BYTES);
    const shape = detectShape(beginning.head, beginning.whole);
    context.logger.debug('the shape was detected', shape);
    const { format, content } = await readContent(beginning.all, shape);
    return {
      format,
      compression,
      encoding: 'encoding' in shape ? shape.encoding : null,
      delimiter: 'delimiter' in shape ? shape.delimiter : null,
      bytes,
      uncompressedBytes,
      sha256: hash.digest('hex'),
      ...content,
    };
  },
});

async function readContent(
  source: AsyncGenerator<Buffer>,
  shape: Shape,
): Promise<{ format: Shape['format']; content: Content }> {
  if (!('encoding' in shape)) {
    return { format: shape.format, content: shape.format === 'empty' ? NO_CONTENT : await readNothing(source) };
  }
  const text = toUtf8(source, shape.encoding);
  switch (shape.format) {
    case 'text':
      return { format: 'text', content: await readText(text) };
    case 'jsonl':
      return { format: 'jsonl', content: await readJsonLines(text) };
    case 'json':
      return await readJson(text);
    case 'csv':
    case 'tsv':
      return { format: shape.format, content: await readTable(text, shape.delimiter) };
  }
}

async function* tapped(
  source: Readable | AsyncGenerator<Buffer>,
  see: (chunk: Buffer) => void,
): AsyncGenerator<Buffer> {
  for await (const chunk of source as AsyncIterable<Buffer>) {
    see(chunk);
    yield chunk;
  }
}
