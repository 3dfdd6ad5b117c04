import type { Formats } from './infer-types.ts';

/** A column of a table, and the SQL that gives its value. */
export interface Column {
  readonly name: string;
  readonly type: string;
  /** SQL on the columns of the source. */
  readonly expression: string;
  /** The value before the conversion to its type, from which a type in the options is made: text, or a JSON value. */
  readonly raw: string;
}

/** The known form of an input. */
export interface TableForm {
  readonly format: 'csv' | 'tsv' | 'json' | 'jsonl' | 'parquet';
  /** A label of the WHATWG Encoding Standard; null for Parquet. */
  readonly encoding: string | null;
  readonly delimiter: string | null;
  /** Whether the first row was read as column names. Null if the format has no header. */
  readonly header: boolean | null;
  /** Lines before the table that were treated as titles or notes. */
  readonly skippedLines: number;
}

/** A table that DuckDB reads: only good rows, each column with its type. */
export interface Table extends TableForm {
  /** SQL for FROM. */
  readonly source: string;
  readonly columns: readonly Column[];
  readonly rows: number;
  /** The formats for texts that the options give another type. */
  readonly formats: Formats;
}

export type TableAbout = Omit<Table, 'source'>;

export interface NoTable {
  readonly format: 'empty' | 'binary' | 'text';
  readonly encoding: string | null;
  /** Lines of a text; a last line without a line feed counts too. 0 for other content. */
  readonly lines: number;
  /** Why it is not a table. */
  readonly reason: string;
}

/** The item's own folder on the task's disk, and how many bytes it may contain. */
export interface Workspace {
  readonly folder: string;
  readonly diskBytes: number;
  readonly maxInputBytes: number;
}
