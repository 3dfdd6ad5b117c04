/** Enough for a sentence that quotes a URL. */
const MOST_CHARACTERS = 2_000;

/** Shortens a text; an ellipsis replaces the rest. */
export function cut(text: string, mostCharacters: number): string {
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters - 1)}…` : text;
}

/**
 * Returns text that is safe for messages and records. It may quote what a source sent, which can have any length and
 * may contain control characters for a terminal.
 */
export function shortText(text: string, mostCharacters = MOST_CHARACTERS): string {
  return cut(text, mostCharacters)
    .replace(/[^\P{Cc}\n]/gu, '\u{fffd}')
    .toWellFormed();
}
