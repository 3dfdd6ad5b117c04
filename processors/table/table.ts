import type { Formats } from './infer-types.ts';

/** A column of a table, and the SQL that gives its value. */
export interface Column {
  readonly name: string;
  readonly type: string;
  /** Of the source's columns. */
  readonly expression: string;
  /** The value before it got its type, and what it is told from then: text, or a value of JSON. */
  readonly raw: string;
}

/** What is known of an input's form. */
export interface TableForm {
  readonly format: 'csv' | 'tsv' | 'json' | 'jsonl' | 'parquet';
  /** As a label of the WHATWG Encoding Standard; null for Parquet. */
  readonly encoding: string | null;
  readonly delimiter: string | null;
  /** Whether the first row was taken for column names. Null where the format has no header. */
  readonly header: boolean | null;
  /** Lines before the table that were taken for titles or notes. */
  readonly skippedLines: number;
}

/** A table that DuckDB reads: only good rows, each column with its type. */
export interface Table extends TableForm {
  /** SQL behind FROM. */
  readonly source: string;
  readonly columns: readonly Column[];
  readonly rows: number;
  /** How texts are read as a type that the options name. */
  readonly formats: Formats;
}

export type TableAbout = Omit<Table, 'source'>;

export interface NoTable {
  readonly format: 'empty' | 'binary' | 'text';
  readonly encoding: string | null;
  /** Lines of a text; a last one without a line feed is one too. 0 for all else. */
  readonly lines: number;
  /** Why it is no table. */
  readonly reason: string;
}

/** A folder of the item's own on the task's disk, and how much may go there. */
export interface Workspace {
  readonly folder: string;
  readonly diskBytes: number;
  readonly maxInputBytes: number;
}
