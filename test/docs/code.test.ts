// @module-tag heavy
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Page, userPages } from '#test/helpers/markdown.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const STATE = join(ROOT, '.sluice');

/** Blocks that are a part of something, and where the whole is checked. */
const PARTS: Readonly<Record<string, string>> = {
  'docs/jobs/waiting-for-an-existing-system.md':
    'it stands in a stack of the reader’s; docs/gatekeeper-loop.md has a whole one',
};
/** What the package calls its entries. */
const ENTRIES = {
  'sluice/processors': ['../../processors/contract/index.ts'],
  'sluice/constructs': ['../../lib/index.ts'],
};

interface Example {
  readonly page: string;
  /** `docs-processors/count-lines.ts`: the name of what it exports, as another block of the page imports it. */
  readonly file: string;
  readonly text: string;
}

const examples = userPages().flatMap((page) => (page.path in PARTS ? [] : examplesOf(page)));
let folder: string;

beforeAll(async () => {
  await mkdir(STATE, { recursive: true });
  // Below the project: the examples import its modules and packages.
  folder = mkdtempSync(join(STATE, 'examples-'));
  for (const { page, file, text } of examples) {
    await mkdir(join(folder, folderOf(page)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  const options = {
    extends: '../../tsconfig.json',
    compilerOptions: { paths: ENTRIES },
    include: ['**/*.ts', '../../net/**/*.d.ts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('each TypeScript example in docs passes the type check', async () => {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { stdout = '' } = await run(process.execPath, [tsc, '--project', folder]).catch((error) => error);
  expect(stdout).toBe('');
});

it('the example of docs/gatekeeper-loop.md makes a state machine that waits', async () => {
  const [example] = of('docs/gatekeeper-loop.md');
  const module = (await import(pathToFileURL(join(folder, example?.file ?? '')).href)) as {
    WaitForExport: new (scope: App, id: string) => Stack;
  };
  const template = Template.fromStack(new module.WaitForExport(new App(), 'Example'));
  const definition = JSON.stringify(template.findResources('AWS::StepFunctions::StateMachine'));
  expect(definition).toContain('NotReadyError');
  expect(definition).toContain('GoOn');
});

it('the test finds the examples, and no parts that the page does not have', () => {
  expect(examples.length).toBeGreaterThanOrEqual(5);
  for (const path of Object.keys(PARTS)) expect(readFileSync(join(ROOT, path), 'utf8')).toContain('```ts\n');
});

function of(path: string): Example[] {
  return examples.filter(({ page }) => page === path);
}

function folderOf(path: string): string {
  return path.replace(/\.md$/, '').replaceAll('/', '-');
}

function examplesOf({ path, blocks }: Page): Example[] {
  const code = blocks.filter(({ kind }) => kind === 'ts');
  return code.map(({ text }, index) => {
    const [, exported = `example-${index + 1}`] = /^export (?:const|class|async function) (\w+)/m.exec(text) ?? [];
    const name = exported.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
    const file = text.includes("from 'vitest'") ? `${name}.test.ts` : `${name}.ts`;
    return { page: path, file: `${folderOf(path)}/${file}`, text };
  });
}
