import { UncertainAnswerError } from '../errors.ts';

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Returns a list of S3 unchanged if it is whole. Otherwise it would seem to be shorter: the connection may have been
 * cut, or another system may have answered with a page.
 *
 * @param name of its root element.
 */
export function wholeList(xml: string, name: string): string {
  if (!xml.includes(`</${name}>`)) throw new UncertainAnswerError('a list', `without the end of ${name}`);
  return xml;
}

/**
 * The content of the first element of a name, as text; undefined if there is no such element. S3's answers have no
 * attributes inside.
 */
export function textOf(xml: string, name: string): string | undefined {
  const [inside] = elementsOf(xml, name);
  return inside === undefined ? undefined : decoded(inside);
}

/**
 * The content of each element of a name, with its entities unchanged. No element of S3's answers contains an element of
 * the same name.
 */
export function elementsOf(xml: string, name: string): string[] {
  const found: string[] = [];
  const [open, close] = [`<${name}>`, `</${name}>`];
  for (let at = xml.indexOf(open); at !== -1; ) {
    const end = xml.indexOf(close, at);
    if (end === -1) break;
    found.push(xml.slice(at + open.length, end));
    at = xml.indexOf(open, end);
  }
  return found;
}

function decoded(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(amp|lt|gt|quot|apos));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return ENTITIES[String(name).toLowerCase()] ?? whole;
  });
}
