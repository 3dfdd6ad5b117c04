/** Enough for a sentence that quotes a URL. */
const MOST_CHARACTERS = 2_000;

/**
 * Text as it may go into messages and records: it may quote what a source said, which is as long as the source likes and
 * may hold what moves a terminal's cursor.
 */
export function shortText(text: string, mostCharacters = MOST_CHARACTERS): string {
  const short = text.length > mostCharacters ? `${text.slice(0, mostCharacters - 1)}…` : text;
  return short.replace(/[^\P{Cc}\n]/gu, '\u{fffd}').toWellFormed();
}
