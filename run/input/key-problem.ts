import { RESERVED_PREFIXES } from '../keys.ts';
import { nameProblem } from './name-problem.ts';

/** Why a key can't be one, undefined for a good one. Also asked of keys after their templates are filled. */
export function keyProblem(key: string): string | undefined {
  const problem = nameProblem(key);
  if (problem !== undefined) return problem;
  // Servers disagree on what such a key names: some fold it like a path, S3 takes it literally.
  if (key.split('/').some((segment) => segment === '' || segment === '.' || segment === '..')) {
    return 'takes no empty, "." or ".." segment between its slashes';
  }
  const reserved = RESERVED_PREFIXES.find((prefix) => key.startsWith(prefix));
  return reserved === undefined ? undefined : `takes a key outside ${reserved}, which is Sluice's own`;
}

/** One form of keys that a person can't tell apart, since Unicode has several for one text. Two of them are one key too many. */
export function lookOfKey(key: string): string {
  return key.normalize('NFC');
}
