/** One piece of a statement: a quoted text or name, or the text between two of those. */
interface Piece {
  readonly text: string;
  readonly isQuoted: boolean;
}

/** Divides a statement at its quoted texts and names, which contain neither parameters nor keywords. */
function* piecesOf(sql: string): Generator<Piece> {
  let from = 0;
  for (const { 0: text, index } of sql.matchAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g)) {
    if (index > from) yield { text: sql.slice(from, index), isQuoted: false };
    yield { text, isQuoted: true };
    from = index + text.length;
  }
  if (from < sql.length) yield { text: sql.slice(from), isQuoted: false };
}

/** A statement with Postgres's numbered parameters instead of the Data API's named ones, and their values in order. */
export function withNumberedParameters(
  sql: string,
  values: ReadonlyMap<string, string>,
): { sql: string; values: string[] } {
  const used = new Map<string, number>();
  const text = Array.from(piecesOf(sql), (piece) =>
    piece.isQuoted
      ? piece.text
      : // Two colons are a cast.
        piece.text.replace(/(?<!:):([A-Za-z_]\w*)/g, (whole, name: string) => {
          if (!values.has(name)) return whole;
          if (!used.has(name)) used.set(name, used.size + 1);
          return `$${used.get(name)}`;
        }),
  ).join('');
  return { sql: text, values: [...used.keys()].map((name) => values.get(name) ?? '') };
}

/** A word of a statement, without its quotes. */
export interface Word {
  readonly text: string;
  readonly quote: '"' | "'" | '';
}

/** Returns the texts, names and words of a statement, from which a COPY is read. */
export function wordsOf(sql: string): Word[] {
  return Array.from(piecesOf(sql)).flatMap(({ text, isQuoted }): Word[] => {
    if (!isQuoted) return (text.match(/[(),.]|[^\s(),.]+/g) ?? []).map((word) => ({ text: word, quote: '' }));
    const quote = text.startsWith('"') ? '"' : "'";
    return [{ text: text.slice(1, -1).replaceAll(quote + quote, quote), quote }];
  });
}
