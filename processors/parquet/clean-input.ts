import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { parse } from 'csv-parse/sync';
import { type Compression, compressionOf, decompress } from '../profile/decompress.ts';
import { detectShape, type Encoding, type Shape } from '../profile/detect.ts';
import { isHeader } from '../profile/header.ts';
import { MalformedInputError } from '../profile/malformed-input-error.ts';
import { peek } from '../profile/peek.ts';
import { toUtf8 } from '../profile/to-utf8.ts';
import { columnNames } from './column-names.ts';
import { csvRows } from './csv-rows.ts';
import { InputTooLargeError, NoTableError } from './errors.ts';
import { JsonDepth, MAX_DEPTH } from './json-depth.ts';
import { jsonRows } from './json-rows.ts';
import type { Rejects } from './rejects.ts';
import type { Row } from './row.ts';

/** The first row must lie within, for it says how many columns there are. */
const HEAD_BYTES = 1_048_576;
const LINE_FEED = Buffer.from('\n');

export interface InputOptions {
  readonly format?: 'csv' | 'tsv' | 'json' | 'jsonl' | undefined;
  readonly delimiter?: string | undefined;
  readonly header?: boolean | undefined;
}

/** The input as a file that holds nothing but good rows, in UTF-8. */
export interface CleanInput {
  readonly format: 'csv' | 'tsv' | 'json' | 'jsonl' | 'empty';
  readonly compression: Compression;
  readonly encoding: Encoding | null;
  readonly delimiter: string | null;
  /** Of a table: its column names. */
  readonly columns: readonly string[];
  /** Rows in the file; undefined for a JSON document, whose rows only DuckDB counts. */
  readonly rows: number | undefined;
  /** Of the input, unpacked. */
  readonly uncompressedBytes: number;
}

/**
 * Unpacks an input into a file on the task's disk and leaves out the rows that can't be read, each counted in `rejects`.
 *
 * A file and no stream into DuckDB, since types are inferred from all rows: it is read more than once.
 *
 * @throws InputTooLargeError beyond `maxBytes` unpacked; NoTableError; MalformedInputError for a broken compression, or a
 *   JSON document that is nested too deep.
 */
export async function cleanInput(
  source: AsyncGenerator<Buffer>,
  options: InputOptions,
  file: string,
  maxBytes: number,
  rejects: Rejects,
): Promise<CleanInput> {
  let uncompressedBytes = 0;
  const stored = await peek(source, 8);
  const compression = compressionOf(stored.head);
  const unpacked = bounded(decompress(stored.all, compression), maxBytes, (bytes) => {
    uncompressedBytes += bytes;
  });
  const { head, whole, all } = await peek(unpacked, HEAD_BYTES);
  const shape = shapeOf(detectShape(head, whole), options);
  const output = new FileWriter(file);
  try {
    let columns: readonly string[] = [];
    let rows: number | undefined = 0;
    if ('encoding' in shape) {
      const text = withoutBom(toUtf8(all, shape.encoding));
      if (shape.format === 'json') {
        await copyJson(text, output);
        rows = undefined;
      } else if (shape.format === 'jsonl') {
        rows = await copyRows(jsonRows(text), output, rejects);
      } else {
        const table = await copyTable(text, shape.delimiter, options.header, output, rejects);
        ({ columns, rows } = table);
      }
    }
    await output.end();
    return {
      format: shape.format,
      compression,
      encoding: 'encoding' in shape ? shape.encoding : null,
      delimiter: 'delimiter' in shape ? shape.delimiter : null,
      columns,
      rows,
      uncompressedBytes,
    };
  } catch (error) {
    output.destroy();
    throw error;
  }
}

type TableShape =
  | { readonly format: 'empty' }
  | { readonly format: 'json'; readonly encoding: Encoding }
  | { readonly format: 'jsonl'; readonly encoding: Encoding }
  | { readonly format: 'csv' | 'tsv'; readonly encoding: Encoding; readonly delimiter: string };

/** What the content looks like, unless the options know better. */
function shapeOf(found: Shape, options: InputOptions): TableShape {
  if (found.format === 'empty') return { format: 'empty' };
  if (!('encoding' in found)) throw new NoTableError('the content is binary, or compressed in an unknown way');
  const { encoding } = found;
  const format = options.format ?? found.format;
  if (format === 'text') {
    throw new NoTableError(
      'the content is text and looks like no table and no JSON; a table of one column needs the option "format": "csv"',
    );
  }
  if (format === 'json' || format === 'jsonl') return { format, encoding };
  const usual = format === 'tsv' ? '\t' : ',';
  return { format, encoding, delimiter: options.delimiter ?? ('delimiter' in found ? found.delimiter : usual) };
}

async function copyTable(
  text: AsyncGenerator<Buffer>,
  delimiter: string,
  headerOption: boolean | undefined,
  output: FileWriter,
  rejects: Rejects,
): Promise<{ columns: readonly string[]; rows: number }> {
  let columns: readonly string[] | undefined;
  async function* body(): AsyncGenerator<Row[]> {
    for await (const found of csvRows(text, delimiter)) {
      let rows = found;
      const first = rows.find(({ problem }) => problem === undefined);
      if (columns === undefined && first !== undefined) {
        const fields = (parse(first.bytes, { delimiter }) as string[][])[0] ?? [];
        const header = headerOption ?? isHeader(fields);
        columns = columnNames(header ? fields : fields.map(() => ''));
        if (header) rows = rows.filter((row) => row !== first);
      }
      yield rows.map((row) => ofWidth(row, columns?.length ?? 0));
    }
  }
  const rows = await copyRows(body(), output, rejects);
  return { columns: columns ?? [], rows };
}

function ofWidth(row: Row, columns: number): Row {
  if (row.problem !== undefined || row.fields === columns) return row;
  return { ...row, problem: `the row has ${row.fields} fields, the table has ${columns} columns` };
}

async function copyRows(batches: AsyncGenerator<Row[]>, output: FileWriter, rejects: Rejects): Promise<number> {
  let count = 0;
  for await (const rows of batches) {
    const good: Buffer[] = [];
    for (const { line, bytes, problem } of rows) {
      if (problem === undefined) good.push(bytes, LINE_FEED);
      else rejects.add(line, problem, bytes);
    }
    count += good.length / 2;
    await output.write(Buffer.concat(good));
  }
  return count;
}

async function copyJson(text: AsyncGenerator<Buffer>, output: FileWriter): Promise<void> {
  const depth = new JsonDepth();
  for await (const chunk of text) {
    if (!depth.take(chunk)) throw new MalformedInputError(`the JSON is nested deeper than ${MAX_DEPTH} levels`);
    await output.write(chunk);
  }
}

async function* bounded(
  source: AsyncGenerator<Buffer>,
  maxBytes: number,
  count: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new InputTooLargeError(
        `the input is more than ${Math.floor(maxBytes / 1_048_576)} MiB unpacked, which is what it may take of the task's disk; raise workers.diskGiB, or the option maxInputMiB where it is set`,
      );
    }
    count(chunk.length);
    yield chunk;
  }
}

async function* withoutBom(text: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const { head, all } = await peek(text, 3);
  let skip = head.equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0;
  for await (const chunk of all) {
    yield chunk.subarray(skip);
    skip = 0;
  }
}

/** Writes a file at the pace of the disk. */
class FileWriter {
  readonly #stream;

  constructor(file: string) {
    this.#stream = createWriteStream(file);
    // Whoever writes next is told; without a listener the process would end.
    this.#stream.on('error', () => undefined);
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#stream.errored) throw this.#stream.errored;
    if (bytes.length > 0 && !this.#stream.write(bytes)) await once(this.#stream, 'drain');
  }

  async end(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream);
  }

  destroy(): void {
    this.#stream.destroy();
  }
}
