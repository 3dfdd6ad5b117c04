const MAX_NAME = 500;

/**
 * Names that are all different, also where case doesn't count, as in SQL: an empty one becomes `column_2`, a repeated one
 * `name_2`.
 */
export function columnNames(header: readonly string[]): string[] {
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
