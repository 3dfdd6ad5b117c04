import { TextDecoder } from 'node:util';

/** So many bytes are searched for a stated encoding, as in browsers (HTML standard, "prescan a byte stream"). */
const PRESCAN_BYTES = 1_024;

/**
 * Returns an HTML page's text. As in the HTML standard, its encoding is the one of the byte order mark, else of the
 * transport (`Content-Type`), else of the page itself; otherwise it is UTF-8 if the bytes are valid UTF-8, else
 * Windows-1252.
 *
 * @param html the page, or its beginning: the last character may be incomplete.
 */
export function htmlText(html: Buffer, contentType = ''): string {
  const decoder = bomDecoder(html) ?? transportDecoder(contentType) ?? statedDecoder(html);
  if (decoder !== undefined) return decoder.decode(html);
  try {
    // Decoded as a stream, so that an incomplete last character is not an error.
    return new TextDecoder('utf-8', { fatal: true }).decode(html, { stream: true });
  } catch {
    return new TextDecoder('windows-1252').decode(html);
  }
}

function bomDecoder(html: Buffer): TextDecoder | undefined {
  if (html[0] === 0xfe && html[1] === 0xff) return new TextDecoder('utf-16be');
  if (html[0] === 0xff && html[1] === 0xfe) return new TextDecoder('utf-16le');
  return html[0] === 0xef && html[1] === 0xbb && html[2] === 0xbf ? new TextDecoder() : undefined;
}

function transportDecoder(contentType: string): TextDecoder | undefined {
  return decoderNamed(/;\s*charset\s*=\s*["']?\s*([^\s;"']{1,40})/i.exec(contentType)?.[1]);
}

function statedDecoder(html: Buffer): TextDecoder | undefined {
  const head = html.toString('latin1', 0, PRESCAN_BYTES).replace(/<!--.*?(-->|$)/gs, '');
  const xml = /^\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([\w.:-]{1,40})/i.exec(head)?.[1];
  for (const label of [
    xml,
    ...[...head.matchAll(/<meta[\s/]([^>]*)/gi)].map(([, attributes = '']) => metaLabel(attributes)),
  ]) {
    // A page that can state UTF-16 in ASCII is not UTF-16.
    const decoder = /^utf-?16/i.test(label ?? '') ? new TextDecoder() : decoderNamed(label);
    if (decoder !== undefined) return decoder;
  }
  return undefined;
}

const ATTRIBUTE = /([^\s=/"'>]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/g;

/**
 * The encoding that a `meta` states: in `charset`, or in `content` if `http-equiv` says that this is a Content-Type.
 */
function metaLabel(attributes: string): string | undefined {
  const named = new Map<string, string>();
  for (const [, name = '', ...values] of attributes.matchAll(ATTRIBUTE)) {
    // If an attribute is repeated, the first one counts.
    const key = name.toLowerCase();
    if (!named.has(key)) named.set(key, values.find((value) => value !== undefined)?.trim() ?? '');
  }
  const charset = named.get('charset');
  if (charset !== undefined) return charset;
  // Old pages leave http-equiv out. If the element has a name, it is something else, such as a description.
  const isType = (named.get('http-equiv') ?? 'content-type').toLowerCase() === 'content-type';
  if (!isType || named.has('name') || named.has('property')) return undefined;
  return /charset\s*=\s*["']?\s*([^\s;"']{1,40})/i.exec(named.get('content') ?? '')?.[1];
}

function decoderNamed(label: string | undefined): TextDecoder | undefined {
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label);
  } catch {
    return undefined;
  }
}
