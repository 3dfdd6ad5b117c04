import type { TableName } from '#run/input/load.ts';

/** A name, quoted for SQL: whatever is in it stays a name. Every name that goes into a statement passes through here. */
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
 * A text, quoted for SQL, for the places where the Data API takes no parameter: what COPY and SET are told. Redshift reads
 * a backslash in a quoted text as it is, or as an escape (`standard_conforming_strings`); doubled, it could be two.
 *
 * @throws Error where a text holds a backslash or a control character: none that Sluice writes there does.
 */
export function text(value: string): string {
  if (/[\\\p{Cc}]/u.test(value.replaceAll('\t', ''))) {
    throw new Error(`a text in a statement takes no backslash and no control character, got ${JSON.stringify(value)}`);
  }
  return `'${value.replaceAll("'", "''")}'`;
}
