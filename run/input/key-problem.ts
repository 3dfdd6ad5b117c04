import { RESERVED_PREFIXES } from '../keys.ts';

/** S3's own limit on a key, in bytes of UTF-8. */
export const MAX_KEY_BYTES = 1_024;

/**
 * What makes a key look like another on a screen: controls of writing direction, invisible marks, separators of lines. Joiners
 * stay: several scripts need them.
 */
const DECEPTIVE =
  /[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/u;

/** Why a key can't be one, undefined for a good one. Also asked of keys after their templates are filled. */
export function keyProblem(key: string): string | undefined {
  if (key === '') return 'takes at least one character';
  if (!key.isWellFormed()) return 'takes Unicode text, and this holds half a surrogate pair';
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) {
    return `takes at most ${MAX_KEY_BYTES} bytes, got ${Buffer.byteLength(key)}`;
  }
  // Servers disagree on what such a key names: some fold it like a path, S3 takes it literally.
  if (key.split('/').some((segment) => segment === '' || segment === '.' || segment === '..')) {
    return 'takes no empty, "." or ".." segment between its slashes';
  }
  if (/\p{Cc}/u.test(key)) return 'takes no control characters';
  if (DECEPTIVE.test(key)) return 'takes no invisible characters and none that turn the direction of writing';
  const reserved = RESERVED_PREFIXES.find((prefix) => key.startsWith(prefix));
  return reserved === undefined ? undefined : `takes a key outside ${reserved}, which is Sluice's own`;
}

/** One form of keys that a person can't tell apart, since Unicode has several for one text. Two of them are one key too many. */
export function lookOfKey(key: string): string {
  return key.normalize('NFC');
}
