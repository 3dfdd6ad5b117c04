/**
 * Characters that show nothing and yet do something: controls (a terminal's escapes begin with one), what turns the
 * direction of writing, separators of lines, invisible marks, halves of surrogate pairs, and code points that are no
 * characters.
 */
export const UNSEEN =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\ufff9-\ufffb]/u;

const EACH = new RegExp(UNSEEN.source, 'gu');
/** Several scripts and emoji need joiners and variation selectors, and a terminal does nothing by them. */
const HARMLESS = new Set(['\u200c', '\u200d', '\ufe0e', '\ufe0f']);

/**
 * Text of others as a person may see it on a terminal: what shows nothing is written as in JSON, `\u001b`, so
 * that JSON stays what it is.
 *
 * @param options.lines whether line feeds and tabs stay, for text that may have several lines. @default true
 */
export function printable(text: string, { lines = true } = {}): string {
  return text.replace(EACH, (character) => {
    if (HARMLESS.has(character) || (lines && (character === '\n' || character === '\t'))) return character;
    return [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join('');
  });
}
