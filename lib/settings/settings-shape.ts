import { z } from 'zod';
import { settingsSchema } from './settings.ts';

/**
 * The settings' schema as JSON Schema. The code that reads strings, words messages and writes docs/settings.md uses it,
 * so that none of them can differ from the schema.
 */
export interface SettingShape {
  readonly type?: 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object';
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: SettingShape;
  readonly properties?: Readonly<Record<string, SettingShape>>;
}

export const settingsShape = z.toJSONSchema(settingsSchema, { io: 'input' }) as SettingShape;

/** Returns the shape of one setting, or undefined if the name does not exist. */
export function shapeAt(path: readonly PropertyKey[], from = settingsShape): SettingShape | undefined {
  return path.reduce<SettingShape | undefined>(
    (shape, part) => (typeof part === 'number' ? shape?.items : shape?.properties?.[String(part)]),
    from,
  );
}

/** Describes what a setting accepts: `a whole number from 1 to 10`. */
export function describeTakes(shape: SettingShape): string {
  if (shape.enum !== undefined) return `one of ${shape.enum.join(', ')}`;
  const limits = shape.minimum === undefined ? '' : ` from ${shape.minimum} to ${shape.maximum}`;
  switch (shape.type) {
    case 'integer':
      return `a whole number${limits}`;
    case 'number':
      return `a number${limits}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return shape.items?.type === 'string' ? 'a list of texts, as JSON' : 'a list, as JSON';
    case 'object':
      return 'an object, as JSON';
    default:
      return 'a text';
  }
}
