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
  const extended = /;\s*filename\*\s*=\s*(?:utf-8|iso-8859-1)'[^']*'([^;\s]+)/i.exec(value);
  const latin = /;\s*filename\*\s*=\s*iso-8859-1/i.test(value);
  if (extended?.[1] !== undefined) return decoded(extended[1], latin ? 'latin1' : 'utf8');
  const plain = /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(value);
  const name = plain?.[1]?.replace(/\\(.)/g, '$1') ?? plain?.[2];
  return name === undefined ? undefined : headerText(name);
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
