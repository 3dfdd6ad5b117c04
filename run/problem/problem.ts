import { shortText } from '#net/short-text.ts';
import { CATALOGUE, type Code, codeOfName, isCode } from './catalogue.ts';
import type { Entry } from './entry.ts';
import type { Problem } from './problem-schema.ts';

export type { Problem } from './problem-schema.ts';

/** The page of all codes, in the repository. */
export const ERRORS_PAGE = 'docs/errors.md';

/** What the caller knows in addition to the error. */
export interface Occurrence {
  /** The code for an error that the catalogue does not know. @default unexpected */
  readonly fallback?: Code;
  readonly instance?: string;
  /** The run (or the item) whose log lines show the failure. */
  readonly run?: string;
  readonly item?: string;
}

const LONGEST_NAME = 200;

/**
 * Makes a problem from any thrown value. No other code does this.
 *
 * If the catalogue knows the error's own `code`, that is the code. Otherwise the error's name decides, since Step
 * Functions and other processes pass on the name. An error may have a `mend` of its own, and the `bytes` that came.
 */
export function problemOf(error: unknown, { fallback = 'unexpected', instance, run, item }: Occurrence = {}): Problem {
  const { name, message, code: given, mend, bytes } = partsOf(error);
  const code = codeOf(error) ?? fallback;
  const entry: Entry = CATALOGUE[code];
  const { title, allowedBy = 'never' } = entry;
  const usual = run === undefined ? (entry.mendWithoutRun ?? entry.mend) : entry.mend;
  // A name that the catalogue does not know says more than the title does.
  const known = isCode(given) || codeOfName(name) !== undefined || name === 'Error';
  return {
    type: `${ERRORS_PAGE}#${code}`,
    code,
    title,
    detail: shortText(message === '' ? name : known ? message : `${name}: ${message}`),
    ...(instance !== undefined && { instance }),
    mend: filled(typeof mend === 'string' ? mend : usual, run, item),
    allowedBy,
    error: name,
    ...(areBytes(bytes) && { bytes: { got: bytes.got, expected: bytes.expected } }),
    ...(run !== undefined && { logs: ['npx sluice logs', run, item].filter((word) => word !== undefined).join(' ') }),
  };
}

/**
 * It does not use the schema, because each command of the command line loads this module, and the library of the schemas
 * needs 13 MiB.
 */
function areBytes(value: unknown): value is NonNullable<Problem['bytes']> {
  const { got, expected } = (value ?? {}) as Partial<Record<'got' | 'expected', unknown>>;
  return [got, expected].every((count) => Number.isSafeInteger(count) && Number(count) >= 0);
}

/** Returns the code of any thrown value, or undefined if the catalogue does not know it. */
export function codeOf(error: unknown): Code | undefined {
  const { name, code } = partsOf(error);
  if (isCode(code)) return code;
  return codeOfName(name) ?? (typeof code === 'string' ? codeOfName(code) : undefined);
}

function partsOf(error: unknown): { name: string; message: string; code?: unknown; mend?: unknown; bytes?: unknown } {
  if (typeof error !== 'object' || error === null) return { name: 'Error', message: String(error) };
  const { name, message, code, mend, bytes } = error as Record<string, unknown>;
  return { name: shortText(String(name ?? 'Error'), LONGEST_NAME), message: String(message ?? ''), code, mend, bytes };
}

/** Fills the names of this run and item into the commands of a mend, so that a person can copy them. */
function filled(mend: string, run: string | undefined, item: string | undefined): string {
  const withRun = run === undefined ? mend : mend.replaceAll(/\bRUN\b/g, () => run);
  return item === undefined ? withRun : withRun.replaceAll(/\bITEM\b/g, () => item);
}
