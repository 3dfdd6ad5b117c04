import { posix } from 'node:path';
import { headerText } from '#net/header-text.ts';

/**
 * Returns a file name for a source if the caller has none: from Content-Disposition, or from the URL's path.
 *
 * The result is only a name: folders, control characters and characters that S3 servers treat differently are removed.
 *
 * @param contentDisposition the header's value; RFC 6266, with RFC 8187's `filename*` before `filename`.
 * @returns undefined if neither contains a usable name.
 */
export function objectName(contentDisposition: string | undefined, url: string): string | undefined {
  const path = URL.parse(url)?.pathname ?? '';
  return bareName(fromDisposition(contentDisposition)) ?? bareName(decoded(posix.basename(path)));
}

function fromDisposition(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const parameters = parametersOf(value);
  const [, charset, text] = /^(utf-8|iso-8859-1)'[^']*'(.+)$/i.exec(parameters.get('filename*') ?? '') ?? [];
  if (text !== undefined) return decoded(text, charset?.toLowerCase() === 'utf-8' ? 'utf8' : 'latin1');
  const name = parameters.get('filename');
  return name === undefined ? undefined : headerText(name);
}

/**
 * Reads the parameters by name in lower case, as browsers do: a value without quotes may contain spaces, a value in
 * quotes may contain `;` and what looks like another parameter, and the second quote may be missing.
 */
function parametersOf(value: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [, name = '', quoted, plain = ''] of value.matchAll(
    /;[\t ]*([^\s=;"]+)[\t ]*=[\t ]*(?:"((?:[^"\\]|\\.)*)"|([^;]*))/g,
  )) {
    // Only a quote and a backslash are escaped: a path of Windows is written as it is.
    const text = quoted?.replace(/\\(["\\])/g, '$1') ?? plain.trim().replace(/^"/, '');
    if (!parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), text);
  }
  return parameters;
}

function decoded(text: string, encoding: 'utf8' | 'latin1' = 'utf8'): string {
  // By bytes, because Latin-1 escapes are not UTF-8, and wrong escapes must not throw.
  const bytes = text.replace(/%([0-9a-f]{2})|([^%])|%/gi, (all, hex: string | undefined) =>
    hex === undefined ? Buffer.from(all).toString('latin1') : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString(encoding);
}

function bareName(name: string | undefined): string | undefined {
  const bare = name
    ?.split(/[/\\]/)
    .at(-1)
    ?.replace(/\p{Cc}/gu, '')
    .trim();
  return bare === undefined || bare === '' || bare === '.' || bare === '..' ? undefined : bare;
}
