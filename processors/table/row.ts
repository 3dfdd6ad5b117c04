/** A row as the input contains it, without its line end. */
export interface Row {
  /** The line with its beginning, counted from 1. */
  readonly line: number;
  readonly bytes: Buffer;
  /** The number of fields of a table's row; 0 for a bad row. */
  readonly fields: number;
  /** Why the row can't be read; undefined for a good row. */
  readonly problem: string | undefined;
}

/** A JSON value that becomes a row. */
export interface JsonRow extends Omit<Row, 'fields'> {
  /** The keys of the value; undefined if it is not an object. */
  readonly keys: readonly string[] | undefined;
  /** Whether it may hold a number that a DOUBLE has no room for. */
  readonly mayRound: boolean;
}

/** Returns a row with the missing delimiters added at its end. */
export function padded(row: Row, width: number, delimiter: string): Row {
  if (row.fields >= width) return row;
  return {
    ...row,
    fields: width,
    bytes: Buffer.concat([row.bytes, Buffer.from(delimiter.repeat(width - row.fields))]),
  };
}
