import type { Node } from './browser/kit.js';
import { html, type Markup, markup } from './html.ts';

const NAME = /^[a-z][a-zA-Z-]*$/;

/** The markup of a node that the browser could create too. */
export function fromNode(node: Node): Markup {
  if (typeof node === 'string') return html`${node}`;
  const [tag, attributes, ...children] = node;
  const names = Object.keys(attributes);
  if (![tag, ...names].every((name) => NAME.test(name))) throw new Error(`${tag} is no element of a page`);
  const name = markup(tag);
  const said = names.map((attribute) => html` ${markup(attribute)}="${attributes[attribute] ?? ''}"`);
  return html`<${name}${said}>${(children as Node[]).map(fromNode)}</${name}>`;
}
