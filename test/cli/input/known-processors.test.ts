import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { knownProcessors } from '#cli/input/known-processors.ts';
import { processorProblem } from '#run/input/deployed-processors.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-known-'));
  file = join(folder, 'cdk.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('the command line knows the built-in processors, and those that cdk.json names', () => {
  expect(knownProcessors(file)).toEqual(expect.arrayContaining(['parquet', 'profile']));
  writeFileSync(
    file,
    JSON.stringify({ app: 'node app.ts', context: { sluice: { workers: { processors: { own: 'own.ts' } } } } }),
  );
  expect(knownProcessors(file)).toEqual(expect.arrayContaining(['own', 'profile']));
});

it('the command line knows the built-in processors alone if cdk.json has settings without processors', () => {
  writeFileSync(file, JSON.stringify({ app: 'node app.ts', context: { sluice: {} } }));
  expect(processorProblem('own', knownProcessors(file))).toMatch('there is no processor "own" here');
});

it.each([{ app: 'node app.ts' }, { app: 'node app.ts', context: { other: 1 } }])(
  'the command line leaves the check of a processor to Plan in a folder with %j, because the app has its settings in its code',
  (content) => {
    writeFileSync(file, JSON.stringify(content));
    expect(processorProblem('own', knownProcessors(file))).toBeUndefined();
  },
);
