import { isUtf8 } from 'node:buffer';
import { JsonDepth, MAX_DEPTH } from './json-depth.ts';
import { mayRound } from './json-numbers.ts';

/** Half of a pair that stands for one character. JavaScript takes it alone, DuckDB and UTF-8 don't. */
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]/;

/** Keys become names in DuckDB's types and in statements: 200 keys of 1 MiB, 200 KB of gzip, kept it busy for minutes. */
const MAX_KEY = 1_000;

/** What was found out about one value of JSON. */
export interface JsonValue {
  /** Why DuckDB would stumble over it; undefined where it would not. */
  readonly problem: string | undefined;
  /** Whether the problem is that it is no JSON at all. */
  readonly isBroken: boolean;
  /** The keys of an object; undefined where it is none. */
  readonly keys: readonly string[] | undefined;
  /** Whether it may hold a number that a DOUBLE has no room for. */
  readonly mayRound: boolean;
}

/**
 * Looks at one value before DuckDB does: its `ignore_errors` makes a row of nulls of a bad line and counts none, it takes
 * trailing commas, and a key that stands twice or a million levels end the whole file, or the process.
 */
export function lookAtJson(bytes: Buffer): JsonValue {
  if (!isUtf8(bytes)) return broken('it is no valid UTF-8');
  const nesting = new JsonDepth();
  if (!nesting.take(bytes)) return bad(`it is nested deeper than ${MAX_DEPTH} levels`);
  const text = bytes.toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // V8 repeats what it was given, which may be long.
    return broken(`it is not JSON: ${(error as Error).message.slice(0, 200)}`);
  }
  const keys = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : undefined;
  const members = membersOf(value);
  if (members.longestKey > MAX_KEY) return bad(`a key is longer than ${MAX_KEY.toLocaleString('en')} characters`);
  // JavaScript keeps the last of several; DuckDB refuses the whole file.
  if (members.count < nesting.members) return bad('a key stands twice in one object', keys);
  // What is whole is no escape any more when it is written again.
  if (LONE_SURROGATE.test(text) && LONE_SURROGATE.test(JSON.stringify(value))) {
    return bad('half a surrogate pair stands alone', keys);
  }
  return { problem: undefined, isBroken: false, keys, mayRound: mayRound(text) };
}

function bad(problem: string, keys?: readonly string[]): JsonValue {
  return { problem, isBroken: false, keys, mayRound: false };
}

function broken(problem: string): JsonValue {
  return { problem, isBroken: true, keys: undefined, mayRound: false };
}

interface Members {
  count: number;
  longestKey: number;
}

/** The members of all objects in a value, which is not deeper than MAX_DEPTH. */
function membersOf(value: unknown, found: Members = { count: 0, longestKey: 0 }): Members {
  if (typeof value !== 'object' || value === null) return found;
  if (Array.isArray(value)) {
    for (const each of value) membersOf(each, found);
    return found;
  }
  for (const key of Object.keys(value)) {
    found.count++;
    if (key.length > found.longestKey) found.longestKey = key.length;
    membersOf((value as Record<string, unknown>)[key], found);
  }
  return found;
}
