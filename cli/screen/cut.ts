import stringWidth from 'string-width';

const CHARACTERS = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Shortens a text to a number of columns; an ellipsis replaces the rest. The text must have no colours. */
export function cutEnd(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  let width = 1;
  let kept = '';
  for (const { segment } of CHARACTERS.segment(text)) {
    width += stringWidth(segment);
    if (width > columns) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** Shortens a text in the middle, so that a path keeps its file name. */
export function cutMiddle(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  const parts = [...CHARACTERS.segment(text)].map(({ segment }) => segment);
  const tail: string[] = [];
  const room = Math.ceil((columns - 1) * 0.6);
  let width = 0;
  while (parts.length > 0) {
    const part = parts.pop() as string;
    width += stringWidth(part);
    if (width > room) break;
    tail.unshift(part);
  }
  const head = cutEnd(text, columns - stringWidth(tail.join('')));
  return head + tail.join('');
}
