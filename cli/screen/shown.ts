import { printable } from '#net/printable.ts';

/** The sequences that `Screen.paint` writes: green, red, yellow, dim, and their ends. Colours alone can't do harm. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's escapes begin with one.
const COLOUR = /(\x1b\[(?:2|22|31|32|33|39)m)/;

/**
 * Text that is safe on a terminal: our colours stay, and all other control sequences are made visible. Names, errors
 * and progress may come from other systems.
 *
 * @param options.lines whether line feeds and tabs stay. @default true
 */
export function shown(text: string, options: { readonly lines?: boolean } = {}): string {
  return text
    .split(COLOUR)
    .map((part, at) => (at % 2 === 1 ? part : printable(part, options)))
    .join('');
}

/** A message of several lines below a row. Its further lines are indented more than any row. */
export function indented(message: string): string {
  return message.replaceAll('\n', '\n    ');
}

/** One row of several: line feeds in it are made visible, so that no name can imitate another row. */
export function oneLine(text: string): string {
  return shown(text, { lines: false });
}
