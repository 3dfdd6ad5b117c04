const MAX_NAME = 500;

/**
 * Makes all names different, without regard to case, as SQL requires: an empty name becomes `column_2`, a repeated one
 * `name_2`.
 */
export function columnNames(header: readonly string[]): string[] {
  const taken = new Set<string>();
  return header.map((field, index) => {
    // DuckDB's statements are C strings, which end at a NUL.
    const wanted = field.replaceAll('\0', '').trim().slice(0, MAX_NAME) || `column_${index + 1}`;
    let name = wanted;
    for (let copy = 2; taken.has(name.toLowerCase()); copy++) name = `${wanted}_${copy}`;
    taken.add(name.toLowerCase());
    return name;
  });
}
