/** What was found in a content, whatever its format. */
export type Content = {
  /** Data records: rows without the header, elements of an array, values of JSON Lines, lines of text. */
  records: number;
  /** Distinct columns: fields of a row, keys of the objects. Null where the format has none. At most 10,000 are told apart. */
  columns: number | null;
  /** The first 200 names; empty where a table has no header. */
  columnNames: string[];
  /** Whether the first row was taken for column names. Null where the format has no header. */
  header: boolean | null;
  /** Rows with another number of fields than the first. Null where the format has no rows. */
  irregularRecords: number | null;
};

export const NO_CONTENT: Content = {
  records: 0,
  columns: null,
  columnNames: [],
  header: null,
  irregularRecords: null,
};
