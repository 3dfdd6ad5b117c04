/** A row of the input as it stands there, without its line end. */
export interface Row {
  /** Of its beginning, counted from 1. */
  readonly line: number;
  readonly bytes: Buffer;
  /** How many fields a row of a table has; 0 for a bad row. */
  readonly fields: number;
  /** Why it can't be read; undefined for a good row. */
  readonly problem: string | undefined;
}

/** A value of JSON that becomes a row. */
export interface JsonRow extends Omit<Row, 'fields'> {
  /** Its keys; undefined where it is no object. */
  readonly keys: readonly string[] | undefined;
  /** Whether it may hold a number that a DOUBLE has no room for. */
  readonly mayRound: boolean;
}

/** A row with the delimiters that it lacks at its end. */
export function padded(row: Row, width: number, delimiter: string): Row {
  if (row.fields >= width) return row;
  return {
    ...row,
    fields: width,
    bytes: Buffer.concat([row.bytes, Buffer.from(delimiter.repeat(width - row.fields))]),
  };
}
