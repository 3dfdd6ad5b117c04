import type { RowSyntax } from './csv-rows.ts';
import { literal } from './sql.ts';

/** Returns a table as SQL for FROM: all columns as texts, no header, lines that end in LF. */
export function readText(
  file: string,
  syntax: RowSyntax,
  columns: readonly string[],
  nullValues: readonly string[] = [],
): string {
  const texts = columns.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ');
  const nulls = ['', ...nullValues].map(literal).join(', ');
  return `read_csv(${literal(file)}, auto_detect = false, columns = {${texts}}, delim = ${literal(syntax.delimiter)}, quote = ${literal(syntax.quote)}, escape = ${literal(syntax.escape)}, nullstr = [${nulls}], new_line = '\\n', header = false, max_line_size = 2000001)`;
}
