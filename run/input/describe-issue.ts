import type * as z from 'zod';
import { quoted } from './quoted.ts';

/** Options of zod's `safeParse` that let `describeIssue` quote the given value. */
export const REPORTING = { reportInput: true } as const;

/** Values below these fields may be secrets. */
const SECRET = new Set<PropertyKey>(['headers', 'query', 'basicAuth', 'oauth2']);

/**
 * Describes an issue of zod as one line in plain words, with the value if it may be shown: `sources[3].url: takes an
 * absolute URL, got "example.org"`.
 */
export function describeIssue(issue: z.core.$ZodIssue, root = ''): string {
  const path = pathText(issue.path, root);
  return `${path === '' ? 'input' : path}: ${explainIssue(issue)}`;
}

/** Describes an issue without its path. */
export function explainIssue(issue: z.core.$ZodIssue): string {
  return issueText(issue, issue.path);
}

function pathText(path: readonly PropertyKey[], root: string): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    // Somebody else may have chosen a field's name, such as the name of a header.
    const name = /^[\w-]+$/.test(String(part)) ? String(part) : quoted(String(part));
    return text === '' ? name : `${text}.${name}`;
  }, root);
}

function issueText(issue: z.core.$ZodIssue, path: readonly PropertyKey[]): string {
  if (issue.code === 'unrecognized_keys') return `there is no field ${issue.keys.map((key) => quoted(key)).join(', ')}`;
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => issueText(inner, path)).join(' and ');
  // The message of a union says nothing useful. The messages of its branches say what is accepted.
  if (issue.code === 'invalid_union' && issue.errors.length > 0) return unionText(issue, path);
  const { input } = issue;
  if (issue.code === 'invalid_type' && input === undefined)
    return `is missing: takes ${EXPECTED[issue.expected] ?? issue.expected}`;
  const text = /^(Invalid|Too (small|big))/.test(issue.message) ? takes(issue) : issue.message;
  return `${text}${gotText(issue, text, path)}`;
}

/** Returns whether an issue is about the content of a value, and not about its type. */
function isOfType(issue: z.core.$ZodIssue): boolean {
  if (issue.path.length > 0) return true;
  if (issue.code === 'invalid_union') return issue.errors.some((branch) => branch.every(isOfType));
  return issue.code !== 'invalid_type' && !(issue.code === 'invalid_value' && typeof issue.input === 'object');
}

function unionText({ errors }: z.core.$ZodIssueInvalidUnion, path: readonly PropertyKey[]): string {
  // A branch that accepts the value's type and reports a fault in its content is more useful than branches for other
  // types.
  const close = errors.filter((branch) => branch.every(isOfType));
  const texts = (close.length > 0 ? close : errors).map((branch) =>
    branch
      .map((inner) => {
        const where = pathText(inner.path, '');
        return `${where === '' ? '' : `${where} `}${issueText(inner, [...path, ...inner.path])}`;
      })
      .join(' and '),
  );
  return [...new Set(texts)].join(', or ');
}

/**
 * Returns the given value as text, unless the message contains it already or the reader of the error must not see it.
 */
function gotText({ code, input }: z.core.$ZodIssue, text: string, path: readonly PropertyKey[]): string {
  if (text.includes(', got ') || !text.startsWith('takes ') || input === undefined) return '';
  // Our own checks of an object name the fields that are wrong, so the object itself is not quoted.
  if (code === 'custom' && typeof input === 'object') return '';
  if (path.some((part) => SECRET.has(part))) return code === 'invalid_type' ? `, got ${kindOf(input)}` : '';
  return `, got ${quoted(typeof input === 'string' && /url$/i.test(String(path.at(-1))) ? withoutSecrets(input) : input)}`;
}

/** Returns the part of a URL that may be shown: user, password and query may be secret. */
function withoutSecrets(url: string): string {
  return url.replace(/[?#].*$/su, '').replace(/^.*@/su, '');
}

/** Describes a value by its kind alone: it may be a secret that was typed in the wrong place. */
function kindOf(input: unknown): string {
  if (input === null) return 'null';
  return Array.isArray(input) ? 'a list' : (EXPECTED[typeof input] ?? typeof input);
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

const FORMATS: Readonly<Record<string, string>> = {
  datetime: 'an ISO 8601 time with its offset, such as 2026-11-27T04:30:00Z',
  url: 'an http or https URL',
  hex: 'hexadecimal digits',
};

/** Describes the accepted values if the schema has no message of its own. */
function takes(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `takes ${EXPECTED[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `takes one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_format':
      return `takes ${FORMATS[issue.format] ?? issue.format}`;
    case 'too_small': {
      const bound = issue.exact ? '' : issue.inclusive === false ? 'more than ' : 'at least ';
      return `takes ${bound}${amount(issue.minimum, issue.origin)}`;
    }
    case 'too_big': {
      const bound = issue.exact ? '' : issue.inclusive === false ? 'less than ' : 'at most ';
      return `takes ${bound}${amount(issue.maximum, issue.origin)}`;
    }
    default:
      // "Invalid discriminator value. Expected 'ledger' | 'queue'"
      return issue.message.replace(/^Invalid discriminator value\. Expected (.*)$/, (_, values: string) => {
        return `takes one of ${values.replaceAll("'", '').replaceAll(' | ', ', ')}`;
      });
  }
}

function amount(count: number | bigint, origin: string): string {
  const unit = origin === 'string' ? 'character' : origin === 'array' ? 'entry' : undefined;
  if (unit === undefined) return String(count);
  return `${count} ${Number(count) === 1 ? unit : unit === 'entry' ? 'entries' : `${unit}s`}`;
}
