/** The name of a header, by RFC 9110, section 5.1. */
export const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** The value of a header in Latin-1. It has no control characters but tabs. */
export const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Returns the head of a request, in Latin-1, for a connection that is kept.
 *
 * @throws TypeError if a header has another form, which could end its line.
 */
export function headText(method: string, path: string, headers: Readonly<Record<string, string>>): string {
  let text = `${method} ${path} HTTP/1.1\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(value)) {
      throw new TypeError(
        `the header ${JSON.stringify(name)} is not sent: a name has no spaces, and a value no line end and nothing beyond Latin-1`,
      );
    }
    text += `${name}: ${value}\r\n`;
  }
  return `${text}connection: keep-alive\r\n\r\n`;
}
