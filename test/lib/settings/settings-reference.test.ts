import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SETTINGS_REFERENCE, settingsReference } from '#lib/settings/settings-reference.ts';
import { type SettingShape, settingsShape } from '#lib/settings/settings-shape.ts';

describe('docs/settings.md', () => {
  it('docs/settings.md agrees with the schema; `npm run docs:settings` writes it', () => {
    expect(readFileSync(SETTINGS_REFERENCE, 'utf8')).toBe(settingsReference());
  });

  it('docs/settings.md describes every setting', () => {
    const leaves = (shape: SettingShape, name: string): [string, SettingShape][] => {
      const inner = shape.properties ?? shape.items?.properties;
      const here: [string, SettingShape][] = shape.properties === undefined ? [[name, shape]] : [];
      return [...here, ...Object.entries(inner ?? {}).flatMap(([part, child]) => leaves(child, `${name}.${part}`))];
    };
    const all = leaves(settingsShape, 'sluice');
    expect(all.length).toBeGreaterThan(40);
    expect(all.filter(([, shape]) => shape.description === undefined).map(([name]) => name)).toEqual([]);
  });
});
