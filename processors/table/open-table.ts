import { join } from 'node:path';
import type { ProcessorContext, ProcessorItem } from '../contract/processor.ts';
import { checkBadRows } from './bad-rows.ts';
import { bounded } from './bounded.ts';
import { type ContentKind, contentKind, type Hint, hintOf } from './content-kind.ts';
import { lineFeeds } from './csv-rows.ts';
import { csvTable } from './csv-table.ts';
import { DELIMITERS, type Dialect, dialectOf } from './dialect.ts';
import { type Database, withDuckDb } from './duckdb.ts';
import { charsetOf, checkWestern, encodingOf, toUtf8 } from './encoding.ts';
import { NoTableError } from './errors.ts';
import { giveTypes } from './given-types.ts';
import { type DocumentShape, jsonDocument } from './json-document.ts';
import { jsonLines } from './json-lines.ts';
import { jsonTable } from './json-table.ts';
import type { ReadOptions } from './options.ts';
import { parquetTable } from './parquet-table.ts';
import type { Peeked } from './peek.ts';
import type { Rejects } from './rejects.ts';
import type { NoTable, Table, TableAbout, TableForm, Workspace } from './table.ts';

const LINE_FEED = 0x0a;
/**
 * The smallest limit for the longest JSON value, and its part of the memory: DuckDB needs nine times the length of a
 * value.
 */
const LEAST_VALUE_BYTES = 16_777_216;
const VALUE_SHARE = 12;
const MOST_LINES_OF_PROSE = 5;

/** An unpacked input whose beginning was read, and all that is needed to open it as a table. */
export interface Input extends Peeked {
  readonly item: ProcessorItem<ReadOptions>;
  readonly context: ProcessorContext;
  readonly workspace: Workspace;
  readonly rejects: Rejects;
}

type Use<T> = (table: Table, database: Database, workspace: Workspace) => Promise<T>;
type Opened<T> =
  | { readonly table: TableAbout; readonly value: T }
  | { readonly table: undefined; readonly content: NoTable };

/** Detects what an unpacked input is, and calls a function with the table while it is open. */
export async function openTable<T>(input: Input, use: Use<T>): Promise<Opened<T>> {
  const { head, whole, all, item } = input;
  const { options } = item;
  if (head.length === 0) return none('empty', null, 0, 'the object is empty');
  const hint = hintOf(item.object?.key ?? item.name, item.object?.contentType);
  if (head.subarray(0, 4).toString('latin1') === 'PAR1') {
    return withTable(input, use, (database) =>
      parquetTable(database, bounded(all, input.workspace.maxInputBytes), input.workspace.folder),
    );
  }
  if (options.format === 'parquet')
    throw new NoTableError('the content is not a Parquet file: it does not begin with PAR1');
  const encoding = options.encoding ?? encodingOf(head, whole, item.object?.contentType);
  if (encoding === undefined) {
    for await (const _ of all);
    return none('binary', null, 0, 'the content is binary, or compressed in an unknown way', hint);
  }
  const text = Buffer.concat(await Array.fromAsync(toUtf8(once(head), encoding)));
  if (whole && isEmpty(text.toString(), hint)) return none('empty', null, 0, 'the object is empty');
  const kind = kindOf(text.toString(), options, hint);
  if (kind === 'markup') {
    const lines = await linesOf(toUtf8(all, encoding));
    return none('text', encoding, lines, 'the content is HTML or XML, such as an error page or a login page', hint);
  }
  if (kind === 'delimited' && !mayBeTable(text, options, hint)) {
    return none('text', encoding, await linesOf(toUtf8(all, encoding)), NOT_DELIMITED, hint);
  }
  return withText(input, encoding, text, kind, hint, use);
}

const NOT_DELIMITED =
  'the content is text and looks like neither a table nor JSON; a table of one column needs the option "format": "csv"';

/** The object has none of the formats. If its name or content type promised a format, that is a failure. */
function none(format: NoTable['format'], encoding: string | null, lines: number, reason: string, hint?: Hint) {
  if (hint !== undefined) throw new NoTableError(`${reason}; by its name or content type the object should be ${hint}`);
  return { table: undefined, content: { format, encoding, lines, reason } };
}

function kindOf(head: string, options: ReadOptions, hint: Hint): ContentKind {
  const { format } = options;
  if (format === 'json' || format === 'jsonl') return format;
  const kind = contentKind(head, hint);
  if (format !== undefined) return 'delimited';
  const isObject = kind === 'json' && head.trimStart().startsWith('{');
  if (isObject && (hint === 'csv' || hint === 'tsv' || hint === 'parquet')) {
    throw new NoTableError(
      `the content is one JSON object, such as an error; by its name or content type it should be ${hint}`,
    );
  }
  return kind;
}

/** Nothing after a byte order mark, or only blanks if the name promises rows. */
function isEmpty(text: string, hint: Hint): boolean {
  return text === '' || ((hint === 'csv' || hint === 'tsv' || hint === 'jsonl') && text.trim() === '');
}

function mayBeTable(head: Buffer, { format, delimiter }: ReadOptions, hint: Hint): boolean {
  if (format !== undefined || delimiter !== undefined || hint === 'csv' || hint === 'tsv') return true;
  return DELIMITERS.some((one) => head.includes(one));
}

async function withText<T>(
  input: Input,
  encoding: string,
  head: Buffer,
  kind: 'json' | 'jsonl' | 'delimited',
  hint: Hint,
  use: Use<T>,
): Promise<Opened<T>> {
  const { all, item, context, workspace, rejects } = input;
  const { options } = item;
  const isGuess = options.encoding === undefined && charsetOf(item.object?.contentType) === undefined;
  const checkEncoding = (): void => {
    if (isGuess && encoding === 'windows-1252') checkWestern(input.head);
  };
  const text = (): AsyncGenerator<Buffer> => toUtf8(bounded(all, workspace.maxInputBytes), encoding);
  if (kind !== 'delimited') {
    checkEncoding();
    const maxBytes = Math.max(LEAST_VALUE_BYTES, Math.floor(context.memoryBytes / VALUE_SHARE));
    return withTable(input, use, async (database) => {
      const shape: DocumentShape = { format: kind };
      const values = kind === 'jsonl' ? jsonLines(text(), maxBytes) : jsonDocument(text(), maxBytes, shape);
      const table = await jsonTable(database, values, options, workspace.folder, rejects);
      return { ...table, ...FORM, format: shape.format, encoding };
    });
  }
  return withTable(input, use, async (database) => {
    const dialect = await tableDialect(database, input, wholeLines(head, input.whole), hint);
    if (dialect === undefined) return none('text', encoding, await linesOf(toUtf8(all, encoding)), NOT_DELIMITED, hint);
    checkEncoding();
    const table = await csvTable(database, text(), dialect, options, workspace.folder, rejects);
    const { delimiter } = dialect.syntax;
    const { header, skippedLines } = dialect;
    return { ...table, format: delimiter === '\t' ? 'tsv' : 'csv', encoding, delimiter, header, skippedLines };
  });
}

const FORM = { delimiter: null, header: null, skippedLines: 0 } satisfies Partial<TableForm>;

/** Returns the dialect of a table; undefined if the head and the hint are not enough to recognise a table. */
async function tableDialect(
  database: Database,
  { item, whole, workspace }: Input,
  head: Buffer,
  hint: Hint,
): Promise<Dialect | undefined> {
  const { options } = item;
  const file = join(workspace.folder, 'head');
  const isSaid = options.format !== undefined || options.delimiter !== undefined || options.header !== undefined;
  const promised = hint === 'csv' || hint === 'tsv';
  const dialect = await dialectOf(database, head, options, file, promised);
  if (isSaid)
    return dialect ?? (promised ? dialectOf(database, head, { ...options, format: hint }, file, true) : undefined);
  if (dialect === undefined) {
    if (!promised) return undefined;
    // For one column, only a type other than text distinguishes a table from lines of text.
    const column = await dialectOf(database, head, { ...options, format: hint }, file, true);
    return column !== undefined && column.headRows > 1 && column.types[0] !== 'VARCHAR' ? column : undefined;
  }
  if (whole && isProse(head.toString(), dialect)) return undefined;
  if (dialect.headRows > 1 || !whole) return dialect;
  // One line proves nothing, unless the name promises a table and every field of the line could be a name.
  return promised && dialect.header && areNames(head.toString(), dialect) ? dialect : undefined;
}

/**
 * Returns whether the fields of one line can be names: words without blanks; or a few words each, if all are quoted, or
 * if there are three of them and no blank follows a delimiter, as in a sentence.
 */
function areNames(text: string, { names, syntax }: Dialect): boolean {
  if (names.every((name) => /^[\p{L}_][\p{L}\p{N}_.-]*$/u.test(name))) return true;
  const areQuoted = text.split(syntax.delimiter).every((field) => /^\ufeff?"[^"]*"$/.test(field.trim()));
  const areFields = names.length >= 3 && !text.includes(`${syntax.delimiter} `);
  return (
    (areQuoted || areFields) && names.every((name) => /^[\p{L}_#%][^.!?:;]{0,60}$/u.test(name) && wordsOf(name) <= 5)
  );
}

/** A few lines whose commas belong to sentences and do not separate fields, such as an error. */
function isProse(text: string, { syntax, names, headRows, types }: Dialect): boolean {
  if (headRows > MOST_LINES_OF_PROSE || syntax.delimiter !== ',' || /,(?! )/.test(text)) return false;
  const [first = ''] = text.trimStart().split(/[\r\n]/, 1);
  const isSentence = first.split(',').some((part) => /[.!?]$/.test(part) || wordsOf(part) > 3);
  const isPhrase = names.some((name) => wordsOf(name) > 1);
  return (isSentence || isPhrase) && types.every((type) => type === 'VARCHAR' || type === 'any');
}

function wordsOf(text: string): number {
  return text.trim().split(/\s+/).length;
}

async function withTable<T>(
  { context, workspace, item, rejects }: Input,
  use: Use<T>,
  open: (database: Database) => Promise<Table | Opened<never>>,
): Promise<Opened<T>> {
  const { folder, diskBytes } = workspace;
  const limits = { folder, diskBytes, memoryBytes: context.memoryBytes, signal: context.signal };
  return withDuckDb(limits, async (database) => {
    const opened = await open(database);
    if (!('source' in opened)) return opened;
    const { format, encoding, columns, rows } = opened;
    context.logger.debug('the table is open', { format, encoding, columns: columns.length, rows });
    checkBadRows(rejects, rows, item.options.maxBadRows);
    const table = await giveTypes(database, opened, item.options.types, rejects);
    checkBadRows(rejects, table.rows, item.options.maxBadRows);
    return { table, value: await use(table, database, workspace) };
  });
}

/** Removes the incomplete last line of the head. */
function wholeLines(head: Buffer, whole: boolean): Buffer {
  if (whole) return head;
  const end = Math.max(head.lastIndexOf('\n'), head.lastIndexOf('\r', head.length - 2));
  return end === -1 ? head : head.subarray(0, end + 1);
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

async function linesOf(text: AsyncGenerator<Buffer>): Promise<number> {
  let lines = 0;
  let open = false;
  for await (const chunk of text) {
    lines += lineFeeds(chunk);
    if (chunk.length > 0) open = chunk.at(-1) !== LINE_FEED;
  }
  return lines + (open ? 1 : 0);
}
