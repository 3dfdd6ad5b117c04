import { isUtf8 } from 'node:buffer';

/**
 * The text of a header's value. HTTP's fields are bytes, and Node reads each as a character of Latin-1; but servers write raw
 * UTF-8 into `Location` and `Content-Disposition`, and browsers and curl take it as such. What is no UTF-8 stays Latin-1.
 *
 * @param value as Node's and undici's headers hold it.
 */
export function headerText(value: string): string {
  // What has been decoded already holds characters that Latin-1 has not.
  if (/[^\0-\xff]/.test(value)) return value;
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : value;
}
