import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { parse } from 'csv-parse';
import { readLines } from '#run/input/lines.ts';

/** A source takes a URL, a key and a few hashes; what is longer is no list of sources. */
const MAX_LINE_CHARS = 65_536;

export type ListFormat = 'jsonl' | 'csv' | 'urls';

export interface SourceList {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  readonly format?: ListFormat | undefined;
  /** Reads just this version, so that two passes over a list see the same one. */
  readonly ifMatch?: string | undefined;
}

/** An entry of the list, still unchecked, and where it stands. */
export interface ListEntry {
  readonly where: string;
  readonly value: unknown;
}

/** A list under way: its version, and its entries to be read once. */
export interface OpenedList {
  readonly etag: string;
  readonly entries: AsyncIterable<ListEntry>;
}

/** The list can't be read at all: it isn't there, is no text, or has a line that is no JSON. */
export class SourceListError extends Error {
  override readonly name = 'SourceListError';
}

/**
 * Opens a list of sources in S3 for one pass, as a stream: its length doesn't matter.
 *
 * The format is what the input says, else what the key ends with (`.jsonl`, `.ndjson`, `.csv`, else bare URLs); a
 * further `.gz` is unpacked. JSONL holds a source a line as in the input's `sources`; CSV has a header of the columns
 * url, key, processor, bytes, sha256 and md5, of which only url is needed; bare URLs leave out empty lines and `#` comments.
 *
 * @throws SourceListError where the object can't be had, or while the entries are read.
 */
export async function openSourceList(list: SourceList): Promise<OpenedList> {
  const name = `s3://${list.bucket}/${list.key}`;
  const answer = await list.client
    .send(new GetObjectCommand({ Bucket: list.bucket, Key: list.key, IfMatch: list.ifMatch }))
    .catch((cause: unknown) => {
      throw new SourceListError(`${name} can't be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
    });
  const body = answer.Body as Readable;
  const packed = list.key.endsWith('.gz');
  const bytes = packed ? body.compose(createGunzip()) : body;
  const format = list.format ?? formatOf(packed ? list.key.slice(0, -'.gz'.length) : list.key);
  const read = { jsonl: readJsonLines, csv: readCsv, urls: readUrls }[format];
  return { etag: answer.ETag ?? '', entries: explain(read(bytes), name) };
}

function formatOf(key: string): ListFormat {
  if (/\.(jsonl|ndjson)$/i.test(key)) return 'jsonl';
  return /\.csv$/i.test(key) ? 'csv' : 'urls';
}

async function* explain(entries: AsyncIterable<ListEntry>, name: string): AsyncGenerator<ListEntry> {
  try {
    yield* entries;
  } catch (cause) {
    throw new SourceListError(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

async function* readJsonLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ListEntry> {
  let line = 0;
  for await (const text of readLines(bytes, MAX_LINE_CHARS)) {
    line += 1;
    if (text.trim() === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new SourceListError(`line ${line} is not JSON`, { cause });
    }
    yield { where: `line ${line}`, value };
  }
}

async function* readUrls(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ListEntry> {
  let line = 0;
  for await (const text of readLines(bytes, MAX_LINE_CHARS)) {
    line += 1;
    const url = text.trim();
    if (url !== '' && !url.startsWith('#')) yield { where: `line ${line}`, value: { url } };
  }
}

const CSV_COLUMNS = ['url', 'key', 'processor', 'bytes', 'sha256', 'md5'];

async function* readCsv(bytes: Readable): AsyncGenerator<ListEntry> {
  const parser = parse({
    bom: true,
    trim: true,
    skip_empty_lines: true,
    max_record_size: MAX_LINE_CHARS,
    info: true,
    columns: (header: string[]) => {
      const unknown = header.filter((column) => !CSV_COLUMNS.includes(column));
      if (unknown.length > 0 || !header.includes('url')) {
        throw new SourceListError(
          `takes the columns ${CSV_COLUMNS.join(', ')} with url among them, got ${header.join(', ')}`,
        );
      }
      return header;
    },
  });
  bytes.on('error', (error) => parser.destroy(error));
  for await (const row of bytes.pipe(parser)) {
    const { record, info } = row as { record: Record<string, string>; info: { lines: number } };
    yield { where: `line ${info.lines}`, value: sourceOf(record) };
  }
}

function sourceOf(record: Record<string, string>): Record<string, unknown> {
  const filled = Object.fromEntries(Object.entries(record).filter(([, value]) => value !== ''));
  const { url, key, processor, bytes, sha256, md5 } = filled;
  const expect = {
    ...(bytes === undefined ? {} : { bytes: Number(bytes) }),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(md5 === undefined ? {} : { md5 }),
  };
  return {
    url: url ?? '',
    ...(key === undefined ? {} : { key }),
    ...(processor === undefined ? {} : { process: processor }),
    ...(Object.keys(expect).length === 0 ? {} : { expect }),
  };
}
