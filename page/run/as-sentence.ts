/** The words of an error, which begin small and end without a stop so that they can follow a colon, as a sentence of their own. */
export function asSentence(words: string): string {
  if (words === '') return words;
  const first = words.charAt(0);
  const begun = /^https?:/.test(words) ? words : first.toUpperCase() + words.slice(1);
  return /[.!?)…]$/.test(begun) ? begun : `${begun}.`;
}
