import { redactUrl } from '#net/redact.ts';
import { InvalidOptionsError } from './errors.ts';
import { HEADER_NAME, HEADER_VALUE } from './lane/head-text.ts';
import type { Destination, TransferOptions } from './options.ts';
import { MAX_PART_BYTES, MIN_PART_BYTES } from './parts/plan.ts';
import type { Source } from './source/session.ts';

/** The size of a chunk of a piped part: S3 accepts no smaller chunk except the last, and a buffer has two halves. */
const MIN_BUFFER_BYTES = 65_536;

/** What a value has to be, as a text that follows the word "takes". */
interface Rule {
  readonly takes: string;
  readonly holds: (value: unknown) => boolean;
}

const isWhole = (value: unknown, least: number, most = Number.MAX_SAFE_INTEGER) =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

const whole = (least: number, most?: number): Rule => ({
  takes: `a whole number from ${least}${most === undefined ? '' : ` to ${most}`}`,
  holds: (value) => isWhole(value, least, most),
});
const wholeOrInfinity = (least: number): Rule => ({
  takes: `a whole number from ${least}, or Infinity`,
  holds: (value) => value === Number.POSITIVE_INFINITY || isWhole(value, least),
});
const seconds: Rule = {
  takes: 'a number of seconds above 0, or Infinity',
  holds: (value) => typeof value === 'number' && value > 0,
};
const secondsOrNone: Rule = {
  takes: 'a number of seconds from 0, or Infinity',
  holds: (value) => typeof value === 'number' && value >= 0,
};
const text: Rule = { takes: 'a text that is not empty', holds: isText };
const anyText: Rule = { takes: 'a text', holds: (value) => typeof value === 'string' };
const truth: Rule = { takes: 'true or false', holds: (value) => typeof value === 'boolean' };
const call: Rule = { takes: 'a function', holds: (value) => typeof value === 'function' };
const list: Rule = { takes: 'a list', holds: Array.isArray };
const object: Rule = { takes: 'an object', holds: (value) => typeof value === 'object' && value !== null };
const hex = (characters: number): Rule => ({
  takes: `${characters} hexadecimal digits`,
  holds: (value) => typeof value === 'string' && value.length === characters && /^[0-9a-f]+$/i.test(value),
});
const oneOf = (...words: string[]): Rule => ({
  takes: `one of ${words.join(', ')}`,
  holds: (value) => words.includes(value as string),
});
const texts: Rule = {
  takes: 'texts by name',
  holds: (value) =>
    typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'string'),
};
const httpUrl: Rule = {
  takes: 'an http or https URL',
  holds: (value) => isText(value) && /^https?:$/.test(URL.parse(value)?.protocol ?? ''),
};
const metadata: Rule = {
  takes: 'texts by name, and a name is a token of HTTP: letters, digits and -',
  holds: (value) =>
    texts.holds(value) && Object.keys(value as Record<string, string>).every((name) => HEADER_NAME.test(name)),
};
const contentType: Rule = {
  takes: 'a text of 1 to 255 characters of ASCII, without line ends',
  holds: (value) => typeof value === 'string' && /^[\x20-\x7e]{1,255}$/.test(value),
};
const having = (what: string, ...names: string[]): Rule => ({
  takes: what,
  holds: (value) => object.holds(value) && names.every((name) => typeof (value as never)[name] === 'function'),
});
const state: Rule = {
  takes: 'the state that an upload of openTransfer has',
  holds: (value) =>
    object.holds(value) &&
    (value as { v?: unknown }).v === 1 &&
    ['bucket', 'key', 'uploadId', 'token'].every((name) => typeof (value as never)[name] === 'string'),
};
const signal: Rule = { takes: 'an AbortSignal', holds: (value) => value instanceof AbortSignal };
const date: Rule = { takes: 'a Date', holds: (value) => value instanceof Date && !Number.isNaN(value.getTime()) };
const future: Rule = {
  takes: 'a Date in the future',
  holds: (value) => date.holds(value) && (value as Date).getTime() > Date.now(),
};

type Rules = Readonly<Record<string, Rule>>;

const OPTIONS: Rules = {
  connections: whole(1),
  bufferBytes: whole(MIN_BUFFER_BYTES),
  partBytes: whole(MIN_PART_BYTES, MAX_PART_BYTES),
  streamMemoryBytes: whole(1),
  maxStreamBytes: wholeOrInfinity(1),
  maxBytes: wholeOrInfinity(0),
  signal,
  deadline: date,
  earlier: list,
  onUploadCreated: call,
  onProgress: call,
  reader: call,
  guard: having('a SourceGuard', 'checkUrl', 'resolve'),
  gate: having('a HostGate', 'enter', 'pauseOf'),
  resume: state,
};

const DESTINATION: Rules = {
  bucket: text,
  ifExists: oneOf('update', 'overwrite', 'skip', 'fail'),
  metadata,
  contentType,
  stallSeconds: seconds,
};

const SOURCE: Rules = {
  url: httpUrl,
  authorize: call,
  expect: object,
  allowUnprovenEnd: truth,
  limits: object,
  ca: text,
};

const EXPECT: Rules = {
  bytes: whole(0),
  sha256: hex(64),
  md5: hex(32),
  crc32: hex(8),
  contentType: text,
};

const LIMITS: Rules = {
  connectSeconds: seconds,
  headSeconds: seconds,
  idleSeconds: seconds,
  minBytesPerSecond: { takes: 'a number from 0', holds: secondsOrNone.holds },
  minSpeedSeconds: seconds,
  patienceSeconds: seconds,
  redirects: whole(0),
  attempts: whole(1),
  backoffSeconds: secondsOrNone,
  longestWaitSeconds: secondsOrNone,
};

/**
 * Checks the caller's options before any request is sent.
 *
 * @param destination has a `key`, or a `prefix` to which a name is added.
 * @param how whether a transfer begins. Then its deadline has to be in the future.
 * @throws InvalidOptionsError that names everything that is wrong.
 */
export function checkOptions(
  source: Source,
  destination: Omit<Destination, 'key'> & { readonly key?: string; readonly prefix?: string },
  options: TransferOptions,
  { begins }: { readonly begins: boolean },
): void {
  const wrong = [
    ...wrongIn('source', source, SOURCE, ['url']),
    ...wrongHeaders(source?.headers),
    ...wrongIn('source.expect', source?.expect ?? {}, EXPECT),
    ...wrongIn('source.limits', source?.limits ?? {}, LIMITS),
    ...wrongIn('destination', destination, DESTINATION, ['bucket']),
    ...wrongAddress(destination),
    ...wrongIn('', options, begins ? { ...OPTIONS, deadline: future } : OPTIONS),
  ];
  if (wrong.length > 0) throw new InvalidOptionsError(wrong);
}

function wrongIn(where: string, given: unknown, rules: Rules, required: readonly string[] = []): string[] {
  if (!object.holds(given)) return [`${where || 'options'} is ${shown(given)}, and takes an object`];
  return Object.entries(rules).flatMap(([name, { takes, holds }]) => {
    const value = (given as Record<string, unknown>)[name];
    if (value === undefined ? !required.includes(name) : holds(value)) return [];
    // The text of a URL may contain a password or a token.
    const seen = rules[name] === httpUrl && isText(value) ? `"${redactUrl(value)}"` : shown(value);
    return [`${where === '' ? '' : `${where}.`}${name} is ${seen}, and takes ${takes}`];
  });
}

/** The values may be secrets, so only the names are shown. */
function wrongHeaders(given: unknown): string[] {
  if (given === undefined) return [];
  if (!object.holds(given)) return [`source.headers is ${shown(given)}, and takes values by header name`];
  return Object.entries(given as Record<string, unknown>).flatMap(([name, value]) => {
    const isName = HEADER_NAME.test(name);
    if (isName && typeof value === 'string' && HEADER_VALUE.test(value)) return [];
    const takes = isName ? 'a text without line ends and within Latin-1' : 'another name: letters, digits and -';
    return [`source.headers[${shown(name)}] is not valid, and takes ${takes}`];
  });
}

/** The rules for a key itself are in InvalidDestinationError, because keys are often made from the source's answer. */
function wrongAddress(destination: {
  readonly key?: string;
  readonly prefix?: string;
  readonly client?: unknown;
}): string[] {
  if (!object.holds(destination)) return [];
  const { key, prefix, client } = destination;
  const wrong: string[] = [];
  if (typeof (client as { send?: unknown } | undefined)?.send !== 'function') {
    wrong.push(`destination.client is ${shown(client)}, and takes an S3Client`);
  }
  if (key === undefined && prefix === undefined)
    wrong.push('destination has neither a key nor a prefix, and takes one of them');
  else if (key !== undefined && prefix !== undefined)
    wrong.push('destination has a key and a prefix, and takes one of them');
  else if (!anyText.holds(key ?? prefix)) {
    wrong.push(`destination.${key === undefined ? 'prefix' : 'key'} is ${shown(key ?? prefix)}, and takes a text`);
  }
  return wrong;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : value.toISOString();
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return String(value);
}
