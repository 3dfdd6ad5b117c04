import { printable } from '#net/printable.ts';

/** Text that is markup: made by {@link html}, or by code that says so with {@link markup}. */
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
 * Markup from a template. Each value becomes text, whatever it holds, with what shows nothing made visible: names and messages
 * are written by whoever runs a source. Only a {@link Markup} goes in as it is. A list is joined; what is absent or false is left out.
 *
 * Values may stand in text and in quoted attributes, and nowhere else.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(String.raw({ raw: parts }, ...values.map(asText)));
}

/** Says that a text is markup. Only for what this project's own code has written. */
export function markup(text: string): Markup {
  return new Markup(text);
}

function asText(value: Value): string {
  if (value === undefined || value === null || value === false) return '';
  if (typeof value === 'object') return 'text' in value ? value.text : value.map(asText).join('');
  return escaped(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
