/**
 * Invisible characters with an effect: controls (a terminal's escapes begin with one), characters that change the
 * direction of writing, line separators, invisible marks, halves of surrogate pairs, and code points that are not
 * characters.
 */
export const UNSEEN =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\ufff9-\ufffb]/u;

const EACH = new RegExp(UNSEEN.source, 'gu');
/** Several scripts and emoji need joiners and variation selectors, and terminals ignore them. */
const HARMLESS = new Set(['\u200c', '\u200d', '\ufe0e', '\ufe0f']);

/**
 * Makes text from other systems safe to show on a terminal: invisible characters are written as in JSON, `\u001b`, so
 * that JSON stays valid JSON.
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
