import { wordsOf } from './sql-text.ts';

/** A COPY of Redshift, as far as the stand-in supports it. */
export interface CopyCommand {
  readonly schema: string | undefined;
  readonly table: string;
  readonly columns: readonly string[] | undefined;
  /** The manifest's URL. */
  readonly from: string;
  readonly role: string;
  readonly format: 'parquet' | 'csv' | 'json';
  readonly delimiter: string;
  readonly skipLines: number;
  readonly nullAs: string;
  readonly compression: 'gzip' | 'zstd' | undefined;
}

/**
 * Reads a COPY.
 *
 * @throws Error for syntax that the stand-in doesn't support, although Redshift may.
 */
export function readCopy(sql: string): CopyCommand {
  const words = wordsOf(sql);
  let at = 1;
  const next = () => words[at++] ?? { text: '', quote: '' as const };
  const peek = () => words[at]?.text.toUpperCase() ?? '';
  const expect = (word: string) => {
    if (peek() !== word) throw new Error(`syntax error at or near "${words[at]?.text ?? ''}": ${word} was expected`);
    at += 1;
  };
  const first = next().text;
  const hasSchema = peek() === '.';
  if (hasSchema) at += 1;
  const table = hasSchema ? next().text : first;
  let columns: string[] | undefined;
  if (peek() === '(') {
    at += 1;
    columns = [];
    while (peek() !== ')') {
      columns.push(next().text);
      if (peek() === ',') at += 1;
    }
    at += 1;
  }
  expect('FROM');
  const from = next().text;
  const found = {
    role: '',
    format: undefined as CopyCommand['format'] | undefined,
    delimiter: ',',
    skipLines: 0,
    nullAs: '',
    compression: undefined as CopyCommand['compression'],
    isManifest: false,
  };
  while (at < words.length) {
    const option = next().text.toUpperCase();
    if (option === 'IAM_ROLE') found.role = next().text;
    else if (option === 'MANIFEST') found.isManifest = true;
    else if (option === 'FORMAT') {
      if (peek() === 'AS') at += 1;
    } else if (option === 'PARQUET') found.format = 'parquet';
    else if (option === 'CSV') found.format = 'csv';
    else if (option === 'JSON') {
      found.format = 'json';
      if (next().text !== 'auto ignorecase')
        throw new Error("the stand-in for Redshift knows only JSON 'auto ignorecase'");
    } else if (option === 'DELIMITER') found.delimiter = next().text;
    else if (option === 'IGNOREHEADER') found.skipLines = Number(next().text);
    else if (option === 'NULL') {
      if (peek() === 'AS') at += 1;
      found.nullAs = next().text;
    } else if (option === 'GZIP') found.compression = 'gzip';
    else if (option === 'ZSTD') found.compression = 'zstd';
    // Postgres reads such formats by itself.
    else if (option === 'DATEFORMAT' || option === 'TIMEFORMAT') next();
    else throw new Error(`the stand-in for Redshift doesn't know COPY's option ${option}`);
  }
  const { format, isManifest, ...rest } = found;
  if (!isManifest) throw new Error('the stand-in for Redshift copies only from manifests');
  if (format === undefined) throw new Error('the stand-in for Redshift copies only Parquet, CSV and JSON');
  return { schema: hasSchema ? first : undefined, table, columns, from, format, ...rest };
}
