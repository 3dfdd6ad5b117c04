import { printable } from '#net/printable.ts';

/** What `Screen.paint` writes: green, red, yellow, dim, and their ends. Nobody gains anything by colours. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's escapes begin with one.
const COLOUR = /(\x1b\[(?:2|22|31|32|33|39)m)/;

/**
 * Text as a terminal may have it: our colours stay, and whatever else a terminal acts on is shown. Names, errors and progress may be
 * anybody's words.
 *
 * @param options.lines whether line feeds and tabs stay. @default true
 */
export function shown(text: string, options: { readonly lines?: boolean } = {}): string {
  return text
    .split(COLOUR)
    .map((part, at) => (at % 2 === 1 ? part : printable(part, options)))
    .join('');
}

/** A message of several lines below a row: its further lines stand further in than any row does. */
export function indented(message: string): string {
  return message.replaceAll('\n', '\n    ');
}

/** One row of several: line feeds in it are shown, so that nobody's name forges another row. */
export function oneLine(text: string): string {
  return shown(text, { lines: false });
}
