/**
 * `node bench/compare-tables.ts <folder or file …> [--json]`: reads every file with `profile`, with `parquet`, and with
 * DuckDB alone as a person would type it (`FROM 'file'`), and prints a line for each: format, header, rows, bad rows,
 * columns, and different types.
 *
 * If `profile` and `parquet` differ, the line begins with `≠`. This is a defect.
 */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { refuse, scriptOptions } from '#local/script-options.ts';
import type { Processor } from '#processors/contract/processor.ts';
import { testProcessor } from '#processors/contract/testing.ts';
import { type ParquetResult, parquet } from '#processors/parquet.ts';
import { type Profile, profile } from '#processors/profile.ts';
import { literal } from '#processors/table/sql.ts';

const MEMORY_BYTES = 874 * 1_048_576;
const MAX_DIFFERENCES = 4;

interface Answer {
  readonly said: string;
  readonly rows: number | undefined;
  readonly types: ReadonlyMap<string, string>;
}

const { values, positionals } = scriptOptions({
  command: 'node bench/compare-tables.ts',
  about: 'Compares what profile, parquet and DuckDB alone report about table files.',
  positionals: 'FILE_OR_FOLDER …',
  options: {
    json: { type: 'boolean', default: false, what: 'print a line of JSON for each file instead of a table' },
  },
});
if (positionals.length === 0)
  refuse({ command: 'node bench/compare-tables.ts' }, 'it takes at least one file or folder');
const files = positionals.flatMap(filesIn).sort();
const duckDb = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect();
let unlike = 0;
if (!values.json)
  console.log(
    '| file | Sluice | rows | bad | columns | DuckDB alone: rows, columns | types that differ |\n|---|---|---|---|---|---|---|',
  );
for (const file of files) {
  const [profiled, converted, alone] = [await profiledAs(file), await convertedAs(file), await readAlone(file)];
  const same = profiled.answer.said === converted.answer.said;
  if (!same) unlike++;
  const row = {
    file,
    same,
    sluice: profiled.form,
    rows: profiled.answer.rows ?? null,
    bad: profiled.bad ?? null,
    columns: profiled.answer.types.size,
    alone: alone.rows === undefined ? alone.said : `${alone.rows}, ${alone.types.size}`,
    differ: differences(converted.answer, alone),
  };
  if (values.json === true) console.log(JSON.stringify(row));
  else {
    const name = `${same ? '' : '≠ '}${file.split('/').slice(-2).join('/')}`;
    console.log(`| ${[name, row.sluice, row.rows, row.bad, row.columns, row.alone, row.differ].join(' | ')} |`);
  }
  if (!same) console.error(`≠ ${file}: profile says ${profiled.answer.said}; parquet ${converted.answer.said}`);
}
console.error(`${files.length} files; profile and parquet report different results for ${unlike} of them`);

function filesIn(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function profiledAs(file: string): Promise<{ answer: Answer; form: string; bad: number | undefined }> {
  try {
    const { result } = await testProcessor<Profile>(profile as Processor, {
      ...{ object: { file }, name: file, memoryBytes: MEMORY_BYTES },
    });
    const { format, delimiter, encoding, header, rows, badRows, statistics, columns, skippedLines } = result;
    const types = new Map(statistics.map(({ name, type }) => [name, type]));
    const isTable = columns !== null;
    const form = [format, delimiter === '\t' ? 'tab' : delimiter, encoding, header === false ? 'no header' : null]
      .filter((word) => word !== null)
      .join(' ');
    const said = isTable ? `${format} ${rows}+${badRows} ${columns}` : format === 'empty' ? 'empty' : 'NoTableError';
    const skipped = skippedLines > 0 ? `, ${skippedLines} lines skipped` : '';
    return { answer: { said, rows, types }, form: `${form}${skipped}`, bad: badRows };
  } catch (error) {
    const { name, message } = error as Error;
    return {
      answer: { said: name, rows: undefined, types: new Map() },
      form: `${name}: ${cut(message)}`,
      bad: undefined,
    };
  }
}

async function convertedAs(file: string): Promise<{ answer: Answer }> {
  try {
    const { result } = await testProcessor<ParquetResult>(parquet as Processor, {
      ...{ object: { file }, name: file, memoryBytes: MEMORY_BYTES },
    });
    const { format, rows, badRows, columns, schema } = result;
    const types = new Map(schema.map(({ name, type }) => [name, type]));
    return { answer: { said: format === 'empty' ? 'empty' : `${format} ${rows}+${badRows} ${columns}`, rows, types } };
  } catch (error) {
    return { answer: { said: (error as Error).name, rows: undefined, types: new Map() } };
  }
}

async function readAlone(file: string): Promise<Answer> {
  try {
    const from = /json/.test(file) ? `read_json(${literal(file)})` : literal(file);
    const described = await (await duckDb.run(`DESCRIBE FROM ${from}`)).getRowObjectsJson();
    const [counted] = await (await duckDb.run(`SELECT count(*) AS n FROM ${from}`)).getRowObjectsJson();
    const types = described.map(({ column_name, column_type }) => [String(column_name), String(column_type)] as const);
    return { said: '', rows: Number(counted?.n), types: new Map(types) };
  } catch (error) {
    return { said: cut((error as Error).message.split('\n')[0] ?? ''), rows: undefined, types: new Map() };
  }
}

/** By position, because the names of unnamed columns differ. */
function differences(ours: Answer, alone: Answer): string {
  const theirs = [...alone.types];
  const found = [...ours.types].flatMap(([name, type], index) => {
    const other = theirs[index]?.[1];
    return other === undefined || other.replace(' WITH TIME ZONE', 'TZ') === type
      ? []
      : [`${cut(name, 20)} ${cut(type, 30)} (${cut(other, 30)})`];
  });
  const more = found.length > MAX_DIFFERENCES ? ` and ${found.length - MAX_DIFFERENCES} more` : '';
  return found.slice(0, MAX_DIFFERENCES).join(', ') + more;
}

function cut(text: string, most = 80): string {
  const line = text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');
  return line.length > most ? `${line.slice(0, most)}…` : line;
}
