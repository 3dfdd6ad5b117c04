import type { Settings } from './settings.ts';

/**
 * A rule between settings: the settings that it checks, and a function that returns what is wrong with them, or
 * undefined.
 */
export interface SettingsRule {
  readonly settings: readonly string[];
  problem(settings: Settings): string | undefined;
}

/** Makes a rule. `check` returns what is wrong, or a falsy value. */
export function rule(
  settings: readonly string[],
  check: (settings: Settings) => string | false | undefined,
): SettingsRule {
  return { settings, problem: (all) => check(all) || undefined };
}

/** The names that occur more than once, each of them once. */
export function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}
