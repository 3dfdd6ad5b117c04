import type { z } from 'zod';
import { parseJson } from '#run/input/json-text.ts';
import { isTooDeep, MOST_LEVELS } from '#run/input/nesting.ts';
import { type Settings, settingsSchema } from './settings.ts';
import { isObject, settingsOfStage } from './settings-of-stage.ts';
import { settingsRules } from './settings-rules.ts';
import { describeTakes, type SettingShape, settingsShape, shapeAt } from './settings-shape.ts';

/** The context name that contains all settings. */
const ROOT = 'sluice';

/** Settings that can't be deployed. The message lists every problem with the name of the setting. */
export class SettingsError extends Error {
  /** The name of the class. */
  override readonly name = 'SettingsError';
  /** A line for each problem: the name of the setting, what it takes, and its value. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const count = problems.length === 1 ? '1 setting needs' : `${problems.length} settings need`;
    super(
      `${count} another value:\n${problems.map((problem) => `- ${problem}`).join('\n')}\n` +
        `Write settings in cdk.json under context.${ROOT}, or pass them as -c ${ROOT}.name=value; docs/settings.md lists them.`,
    );
    this.problems = problems;
  }
}

/**
 * Reads the settings from a CDK app's context: the object `sluice`, and in addition names with dots, as in `-c
 * sluice.gate.intervalSeconds=2`. A string becomes a number, a boolean or JSON if the setting requires that.
 *
 * @param context all context of the app, `app.node.getAllContext()`.
 * @throws SettingsError with every problem at once: unknown names, bad values, and broken rules between settings.
 */
export function readSettings(context: Readonly<Record<string, unknown>>): Settings {
  checkNesting(context);
  const raw = gather(context);
  const parsed = settingsSchema.safeParse(raw);
  const wrong: Path[] = [];
  const problems: string[] = [];
  for (const issue of parsed.error?.issues ?? []) {
    for (const path of pathsOf(issue)) {
      wrong.push(path);
      problems.push(describe(raw, path, issue));
    }
  }
  // The rules check the valid settings even if others are invalid, so that one synth reports everything.
  const settings = parsed.data ?? settingsSchema.safeParse(without(raw, wrong)).data;
  if (settings !== undefined) {
    problems.push(...brokenRules(settings, wrong));
    problems.push(...problemsOfStages(settings, problems));
  }
  if (problems.length > 0 || settings === undefined) throw new SettingsError(problems);
  return settings;
}

function brokenRules(settings: Settings, wrong: readonly Path[]): string[] {
  const isWrong = (name: string) =>
    wrong.some(([group, setting]) => name === group || name === `${String(group)}.${String(setting)}`);
  return settingsRules.flatMap((rule) => {
    const problem = rule.settings.some(isWrong) ? undefined : rule.problem(settings);
    return problem === undefined ? [] : [`${rule.settings[0]}: ${problem}`];
  });
}

/** Returns the problems of a stage's own settings, without those of the settings that they override. */
function problemsOfStages(settings: Settings, known: readonly string[]): string[] {
  return (settings.delivery?.stages ?? []).flatMap((stage, index) => {
    const place = `delivery.stages[${index}].settings`;
    if ('delivery' in stage.settings) return [`${place}.delivery: the settings of a stage must not contain delivery`];
    try {
      readSettings({ [ROOT]: settingsOfStage(settings, stage) });
      return [];
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      return error.problems.filter((problem) => !known.includes(problem)).map((problem) => `${place}.${problem}`);
    }
  });
}

/** This comes before values are copied or converted, because both are recursive. */
function checkNesting(context: Readonly<Record<string, unknown>>): void {
  const deep = Object.entries(context).flatMap(([name, value]) => {
    const isOurs = name === ROOT || name.startsWith(`${ROOT}.`);
    return isOurs && isTooDeep(typeof value === 'string' ? parseJson(value) : value) ? [name] : [];
  });
  if (deep.length > 0) {
    throw new SettingsError(deep.map((name) => `${name}: takes JSON of at most ${MOST_LEVELS} levels`));
  }
}

/** Returns the object `sluice` with the dotted names added, and strings converted to the type of each setting. */
function gather(context: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const root = coerce(settingsShape, structuredClone(context[ROOT] ?? {}));
  if (!isObject(root)) throw new SettingsError([`${ROOT}: takes an object, got ${JSON.stringify(root)}`]);
  for (const [name, value] of Object.entries(context)) {
    if (name.startsWith(`${ROOT}.`)) setPath(root, name.slice(ROOT.length + 1).split('.'), structuredClone(value));
  }
  return coerce(settingsShape, root) as Record<string, unknown>;
}

type Path = readonly PropertyKey[];

function pathsOf(issue: z.core.$ZodIssue): Path[] {
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
}

/** Describes one problem in a line: the setting's name, what it accepts, and its value. */
function describe(raw: unknown, path: Path, issue: z.core.$ZodIssue): string {
  const name = path.map((part, index) =>
    typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${String(part)}`,
  );
  if (issue.code === 'unrecognized_keys') {
    return `${name.join('')}: there is no such setting; the settings here are ${Object.keys(shapeAt(issue.path)?.properties ?? {}).join(', ')}`;
  }
  const value = path.reduce<unknown>((at, part) => (at as Record<PropertyKey, unknown> | undefined)?.[part], raw);
  const got = value === undefined ? 'got nothing' : `got ${JSON.stringify(value)}`;
  const shape = shapeAt(path);
  // For texts with a form of their own, the schema says what they accept.
  const ownWords = issue.code === 'custom' || issue.code === 'invalid_format' || shape === undefined;
  return `${name.join('') || ROOT}: ${ownWords ? issue.message : `takes ${describeTakes(shape)}`}, ${got}`;
}

/**
 * Converts strings to the type of a setting. A string that can't be converted stays, and the schema reports what is
 * wrong with it.
 */
function coerce(shape: SettingShape, value: unknown): unknown {
  if (typeof value === 'string') return coerceText(shape, value);
  if (shape.properties === undefined || typeof value !== 'object' || value === null || Array.isArray(value))
    return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, coerce(shape.properties?.[name] ?? {}, inner)]),
  );
}

function coerceText(shape: SettingShape, text: string): unknown {
  switch (shape.type) {
    case 'number':
    case 'integer':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'array':
    case 'object': {
      const value = parseJson(text);
      return value === undefined ? text : coerce(shape, value);
    }
    default:
      return text;
  }
}

function setPath(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    target[name] = value;
    return;
  }
  if (!isObject(target[name])) target[name] = {};
  setPath(target[name] as Record<string, unknown>, rest, value);
}

/** Returns a copy without the named settings, so that their defaults apply. */
function without(raw: Record<string, unknown>, paths: readonly Path[]): unknown {
  const copy = structuredClone(raw);
  for (const [group, setting] of paths) {
    const inner = copy[String(group)];
    if (isObject(inner) && typeof setting === 'string') delete inner[setting];
    else delete copy[String(group)];
  }
  return copy;
}
