/**
 * Makes a sentence from an error's message, which begins with a small letter and ends without a full stop so that it
 * can follow a colon.
 */
export function asSentence(words: string): string {
  if (words === '') return words;
  const first = words.charAt(0);
  const begun = /^https?:/.test(words) ? words : first.toUpperCase() + words.slice(1);
  return /[.!?)…]$/.test(begun) ? begun : `${begun}.`;
}
