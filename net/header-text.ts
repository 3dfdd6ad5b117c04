import { isUtf8 } from 'node:buffer';

/**
 * Returns the text of a header's value. HTTP's fields are bytes, and Node reads each byte as a character of Latin-1.
 * But servers write UTF-8 into `Location` and `Content-Disposition`, and browsers and curl read it as UTF-8. A value
 * that is not valid UTF-8 stays Latin-1.
 *
 * @param value from the headers of Node or undici.
 */
export function headerText(value: string): string {
  // A value that was decoded already has characters outside Latin-1.
  if (/[^\0-\xff]/.test(value)) return value;
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : value;
}
