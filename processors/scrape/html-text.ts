import { TextDecoder } from 'node:util';

/** Looked at for a stated encoding, as browsers do (HTML standard, "prescan a byte stream"). */
const PRESCAN_BYTES = 1_024;

/** An HTML page's text, by its byte order mark, else by the encoding that it states, else as UTF-8 if it is, else as Windows-1252. */
export function htmlText(html: Buffer): string {
  const bom = bomOf(html);
  if (bom !== undefined) return new TextDecoder(bom).decode(html);
  const stated = statedEncoding(html);
  if (stated !== undefined) return stated.decode(html);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(html);
  } catch {
    return new TextDecoder('windows-1252').decode(html);
  }
}

function bomOf(html: Buffer): string | undefined {
  if (html[0] === 0xfe && html[1] === 0xff) return 'utf-16be';
  if (html[0] === 0xff && html[1] === 0xfe) return 'utf-16le';
  return html[0] === 0xef && html[1] === 0xbb && html[2] === 0xbf ? 'utf-8' : undefined;
}

function statedEncoding(html: Buffer): TextDecoder | undefined {
  const head = html.toString('latin1', 0, PRESCAN_BYTES);
  const label = /<meta\s[^>]*?charset\s*=\s*["']?\s*([\w.:-]{1,40})/i.exec(head)?.[1];
  if (label === undefined) return undefined;
  // Who can state it in ASCII is no UTF-16.
  if (/^utf-?16/i.test(label)) return new TextDecoder();
  try {
    return new TextDecoder(label);
  } catch {
    return undefined;
  }
}
