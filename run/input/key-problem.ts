import { RESERVED_PREFIXES } from '../keys.ts';
import { nameProblem } from './name-problem.ts';

/** Returns why a text can't be a key of any bucket, or undefined for a valid key. */
export function anyKeyProblem(key: string): string | undefined {
  const problem = nameProblem(key);
  if (problem !== undefined) return problem;
  // Servers read such keys differently: some resolve them like a path, S3 takes them literally.
  return key.split('/').some((segment) => segment === '' || segment === '.' || segment === '..')
    ? 'takes no empty, "." or ".." segment between its slashes'
    : undefined;
}

/**
 * Returns why a text can't be a key of a deployment's bucket, or undefined for a valid key. It also checks keys after
 * their templates are filled.
 */
export function keyProblem(key: string): string | undefined {
  const problem = anyKeyProblem(key);
  if (problem !== undefined) return problem;
  const reserved = RESERVED_PREFIXES.find((prefix) => key.startsWith(prefix));
  return reserved === undefined ? undefined : `takes a key outside ${reserved}, which is Sluice's own`;
}

/**
 * Returns one form for all keys that look the same to a person, because Unicode has several forms for one text. Two
 * keys of one plan must not have the same form.
 */
export function lookOfKey(key: string): string {
  return key.normalize('NFC');
}
