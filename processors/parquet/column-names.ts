import { NoTableError } from './errors.ts';

/** Each column costs statements and buffers of its own. */
const MAX_COLUMNS = 2_000;
const MAX_NAME = 500;

/**
 * Names that are all different, also where case doesn't count, as in SQL: an empty one becomes `column_2`, a repeated one
 * `name_2`.
 *
 * @throws NoTableError beyond 2,000 columns.
 */
export function columnNames(header: readonly string[]): string[] {
  if (header.length > MAX_COLUMNS) {
    throw new NoTableError(`the table has ${header.length} columns, at most ${MAX_COLUMNS} are taken`);
  }
  const taken = new Set<string>();
  return header.map((field, index) => {
    // C's strings end at a NUL, and DuckDB's statements are such.
    const wanted = field.replaceAll('\0', '').trim().slice(0, MAX_NAME) || `column_${index + 1}`;
    let name = wanted;
    for (let copy = 2; taken.has(name.toLowerCase()); copy++) name = `${wanted}_${copy}`;
    taken.add(name.toLowerCase());
    return name;
  });
}
