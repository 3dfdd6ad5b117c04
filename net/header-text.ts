/**
 * The text of a header's value. HTTP's fields are bytes, and Node reads each as a character of Latin-1; but servers write raw
 * UTF-8 into `Location` and `Content-Disposition`, and browsers and curl take it as such. What is no UTF-8 stays Latin-1.
 *
 * @param value as Node's and undici's headers hold it.
 */
export function headerText(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII reads the same in both.
  if (/^[\x00-\x7f]*$/.test(value)) return value;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(value, 'latin1'));
  } catch {
    return value;
  }
}
