import { printable } from '#net/printable.ts';

/** Text that is markup: made by {@link html}, or by code that calls {@link markup}. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

type Value = string | number | Markup | undefined | null | false | readonly Value[];

/**
 * Makes markup from a template. Each value becomes text, with invisible characters made visible, because names and
 * messages may come from the owner of a source. Only a {@link Markup} is inserted unchanged. A list is joined;
 * undefined and false are left out.
 *
 * Use values only in text and in quoted attributes.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(String.raw({ raw: parts }, ...values.map(asText)));
}

/** Marks a text as markup. Use it only for text that this project's own code has written. */
export function markup(text: string): Markup {
  return new Markup(text);
}

function asText(value: Value): string {
  if (value === undefined || value === null || value === false) return '';
  if (typeof value === 'object') return 'text' in value ? value.text : value.map(asText).join('');
  return printable(String(value)).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
