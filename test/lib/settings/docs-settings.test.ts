// @module-tag heavy
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { commandsOf, type Page, userPages } from '#test/helpers/markdown.ts';
import { synthesise } from '../synthesise.ts';

/** What a page gives as settings: its `cdk.json` blocks, and the `-c` options of its commands. */
function settingsOf(page: Page): Record<string, unknown>[] {
  const blocks = page.blocks
    .filter(({ kind }) => kind === 'json')
    .flatMap(({ text }) => JSON.parse(text).context?.sluice ?? [])
    .map(flat);
  const commands = commandsOf(page)
    .filter(([npx, cdk]) => npx === 'npx' && cdk === 'cdk')
    .map((words) => words.flatMap((word, index) => (words[index - 1] === '-c' ? [word] : [])))
    .filter((options) => options.length > 0)
    .map((options) =>
      Object.fromEntries(options.map((option) => /^sluice\.([^=]+)=(.*)$/s.exec(option)?.slice(1) ?? [option, ''])),
    );
  return [...blocks, ...commands];
}

/** `{ gate: { intervalSeconds: 60 } }` → `{ 'gate.intervalSeconds': 60 }` */
function flat(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) =>
      typeof value !== 'object' || value === null || Array.isArray(value)
        ? [[name, value]]
        : Object.entries(value).map(([inner, one]) => [`${name}.${inner}`, one]),
    ),
  );
}

const folder = mkdtempSync(join(tmpdir(), 'sluice-docs-settings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The settings with files that exist. Synth bundles the modules of `gate.checks`. */
function withModules(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const checks = Object.keys(settings['gate.checks'] ?? {}).map((name) => {
    const file = join(folder, `${name}.ts`);
    writeFileSync(file, 'export const handler = async () => ({ done: 1, total: 1 });');
    return [name, file];
  });
  return { ...settings, ...(checks.length > 0 && { 'gate.checks': Object.fromEntries(checks) }) };
}

const examples = userPages().flatMap((page) => settingsOf(page).map((settings) => [page.path, settings] as const));

describe('settings that the docs show', () => {
  it('the test finds the settings of the docs', () => {
    expect(examples.length).toBeGreaterThan(10);
  });

  it.each(examples)('%s: the settings make a template: %o', (_path, settings) => {
    const template = synthesise(withModules(settings));
    template.resourceCountIs('AWS::ECS::TaskDefinition', 1);
    expect(Object.keys(template.findResources('AWS::StepFunctions::StateMachine')).length).toBeGreaterThanOrEqual(2);
  });
});
