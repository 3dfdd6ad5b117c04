import type { StageSettings } from './delivery-settings.ts';
import type { Settings, SettingsInput } from './settings.ts';

/** The context key of a delivery stage: its settings are complete, and those of the command line are included. */
export const SETTINGS_ARE_COMPLETE = 'sluice-settings-are-complete';

/**
 * Returns the settings of one stage of the delivery: those of the app, overridden by the stage's own. A list replaces a
 * list.
 */
export function settingsOfStage({ delivery: _, ...settings }: Settings, stage: StageSettings): SettingsInput {
  return merged(settings, stage.settings) as SettingsInput;
}

function merged(base: unknown, over: unknown): unknown {
  if (!isObject(base) || !isObject(over)) return over;
  return Object.fromEntries(
    [...new Set([...Object.keys(base), ...Object.keys(over)])].map((name) => [
      name,
      name in over ? merged(base[name], over[name]) : base[name],
    ]),
  );
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
