import { parse } from 'csv-parse/sync';
import type { RowSyntax } from './csv-rows.ts';
import type { Row } from './row.ts';

export function isNumber(field = ''): boolean {
  return field.trim() !== '' && !Number.isNaN(Number(field));
}

/** Returns whether a field is neither blank nor a number. */
export function isWord(field: string): boolean {
  return field.trim() !== '' && !isNumber(field);
}

/** Returns the fields of rows, without quotes and without blanks around them. */
export function fieldsOf(rows: readonly Row[], syntax: RowSyntax): string[][] {
  const { delimiter } = syntax;
  const orNone = (one: string): string | null => (one === '' ? null : one);
  return rows.flatMap(
    ({ bytes }) =>
      parse(bytes, {
        ...{ delimiter, quote: orNone(syntax.quote), escape: orNone(syntax.escape) },
        ...{ trim: delimiter !== '\t', relax_quotes: true, relax_column_count: true, to: 1 },
      }) as string[][],
  );
}
