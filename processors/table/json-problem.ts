import { isUtf8 } from 'node:buffer';
import { countMembers, MAX_DEPTH } from './json-depth.ts';
import { mayRound } from './json-numbers.ts';

/** Half of a surrogate pair without the other half. JavaScript accepts it, but DuckDB and UTF-8 don't. */
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]/;

/**
 * Keys become names in DuckDB's types and in statements: 200 keys of 1 MiB each (200 KB of gzip) kept DuckDB busy for
 * minutes.
 */
const MAX_KEY = 1_000;

/** What is known about one JSON value. */
export interface JsonValue {
  /** Why DuckDB would fail on it; undefined if it would not. */
  readonly problem: string | undefined;
  /** Whether the problem is that it is not JSON. */
  readonly isBroken: boolean;
  /** The keys of an object; undefined for other values. */
  readonly keys: readonly string[] | undefined;
  /** Whether it may contain a number that a DOUBLE can't store exactly. */
  readonly mayRound: boolean;
}

/**
 * Checks one value before DuckDB reads it. DuckDB's `ignore_errors` turns a bad line into a row of nulls without
 * counting it, it accepts trailing commas, and a repeated key or a million levels end the whole file, or the process.
 */
export function lookAtJson(bytes: Buffer): JsonValue {
  if (!isUtf8(bytes)) return broken('it contains bytes that are not valid in its encoding');
  const stated = countMembers(bytes);
  if (stated === undefined) return bad(`it is nested deeper than ${MAX_DEPTH} levels`);
  const text = bytes.toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // V8's message repeats the text, which may be long.
    return broken(`it is not JSON: ${(error as Error).message.slice(0, 200)}`);
  }
  const keys = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : undefined;
  const members = membersOf(value);
  if (members.longestKey > MAX_KEY) return bad(`a key is longer than ${MAX_KEY.toLocaleString('en')} characters`);
  // JavaScript keeps the last of several equal keys; DuckDB refuses the whole file.
  if (members.count < stated) return bad('a key occurs twice in one object', keys);
  // JSON.stringify writes whole pairs as characters, so an escape that is still there is half a pair.
  if (LONE_SURROGATE.test(text) && LONE_SURROGATE.test(JSON.stringify(value))) {
    return bad('half a surrogate pair occurs alone', keys);
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

/** The number of members of all objects in a value, which is not deeper than MAX_DEPTH. */
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
