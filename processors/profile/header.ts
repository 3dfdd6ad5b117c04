/** A first row of different words. A number, an empty field or a repeated one says that it is data. */
export function isHeader(row: readonly string[]): boolean {
  const names = row.map((field) => field.trim());
  return (
    names.length > 0 &&
    new Set(names).size === names.length &&
    names.every((name) => name !== '' && Number.isNaN(Number(name)))
  );
}
