import type { TableName } from '#run/input/load.ts';

/** Quotes a name for SQL, so that any text is only a name. Every name in a statement passes through this function. */
export function name(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

export function names(texts: readonly string[]): string {
  return texts.map(name).join(', ');
}

/** A table with its schema. */
export function tableName({ schema, table }: TableName): string {
  return `${name(schema)}.${name(table)}`;
}

/**
 * Quotes a text for SQL, for places where the Data API accepts no parameter: texts in COPY and SET. Redshift may read a
 * backslash in a quoted text unchanged, or as an escape (`standard_conforming_strings`); a doubled backslash could
 * become two.
 *
 * @throws Error if a text contains a backslash or a control character: Sluice never writes such a text there.
 */
export function text(value: string): string {
  if (/[\\\p{Cc}]/u.test(value.replaceAll('\t', ''))) {
    throw new Error(
      `a text in a statement must not contain a backslash or a control character: ${JSON.stringify(value)}`,
    );
  }
  return `'${value.replaceAll("'", "''")}'`;
}
