import type { Settings } from './settings.ts';

/**
 * A rule between settings: the settings that it checks, and a function that returns what is wrong with them, or
 * undefined.
 */
export interface SettingsRule {
  readonly settings: readonly string[];
  problem(settings: Settings): string | undefined;
}
