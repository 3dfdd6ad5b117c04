import { existsSync, readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { CommanderError } from 'commander';
import { expect, it } from 'vitest';
import { executionInput } from '#cli/input/execution-input.ts';
import { Mistakes, problemsOf } from '#cli/input/mistakes.ts';
import { plannedNow } from '#cli/input/planned-now.ts';
import { sluiceProgram } from '#cli/program.ts';
import { Screen } from '#cli/screen/screen.ts';
import { readSettings } from '#lib/settings/read-settings.ts';
import { InvalidInputError } from '#run/errors.ts';
import {
  brokenLinks,
  commandsOf,
  dottedNames,
  mentionedCommands,
  type Page,
  userPages,
} from '#test/helpers/markdown.ts';

const pages = userPages().map((page) => [page.path, page] as const);
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };

/** The settings by their dotted names, from the reference that is made from the schema, and their groups. */
const settings = new Set(
  [...readFileSync('docs/settings.md', 'utf8').matchAll(/^\| `([a-z]+\.[A-Za-z]+)`/gm)].map(([, name = '']) => name),
);
const groups = new Set([...settings].map((name) => name.split('.')[0] ?? ''));

/**
 * The JSON blocks of a page that are objects. A block for another page's test, such as `json event`, is not included.
 */
function objectsIn({ blocks }: Page): Record<string, unknown>[] {
  const values = blocks.filter(({ kind }) => kind === 'json').map(({ text }) => JSON.parse(text) as unknown);
  return values.filter((value) => typeof value === 'object' && value !== null && !Array.isArray(value)) as Record<
    string,
    unknown
  >[];
}

const isInput = (value: object) =>
  ['sources', 'work', 'sourcesFrom', 'rerunOf', 'process', 'waitFor'].some((field) => field in value);
const isSettings = (value: Record<string, unknown>) => typeof value.context === 'object' && value.context !== null;

/** The processors of one's own that the page's settings name. */
function ownProcessors(page: Page): string[] {
  return objectsIn(page).flatMap((value) => {
    const { context } = value as { context?: { sluice?: { workers?: { processors?: object } } } };
    return Object.keys(context?.sluice?.workers?.processors ?? {});
  });
}

/** What `sluice validate` would report for an input, next to a `cdk.json` that names these processors. */
async function inputProblems(input: object, processors: readonly string[]): Promise<string[]> {
  try {
    await plannedNow(executionInput({ sources: [], base: JSON.stringify(input) }));
    return [];
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return error.problems.filter((problem) => !processors.some((name) => problem.includes(`no processor "${name}"`)));
  }
}

/**
 * Returns what is wrong with a command line. The real program parses it; its commands do nothing here.
 *
 * @param words after `sluice`.
 * @param mayLack whether arguments may be missing, as in a sentence that only names the command.
 */
async function commandProblem(words: readonly string[], mayLack = false): Promise<string | undefined> {
  const nowhere = new PassThrough().resume() as unknown as NodeJS.WriteStream;
  const terminal = { screen: new Screen(nowhere, nowhere), signal: new AbortController().signal };
  const mistakes = new Mistakes();
  const program = sluiceProgram('0', terminal, () => {}, mistakes);
  for (const command of program.commands) command.action(() => {});
  try {
    await program.parseAsync([...words], { from: 'user' });
    await mistakes.all();
    return undefined;
  } catch (error) {
    // Help was asked for.
    if (error instanceof CommanderError && error.exitCode === 0) return undefined;
    if (mayLack && problemsOf(error).every((problem) => problem.includes(' is missing: '))) return undefined;
    return `npx sluice ${words.join(' ')}: ${(error as Error).message}`;
  }
}

/** What is wrong with the settings that a `cdk` command passes by `-c`. */
function contextProblem(words: readonly string[]): string | undefined {
  const pairs = words.flatMap((word, index) => (words[index - 1] === '-c' ? [word] : []));
  const context = Object.fromEntries(pairs.map((pair) => /^([^=]+)=(.*)$/s.exec(pair)?.slice(1) ?? [pair, '']));
  try {
    readSettings(context);
    return undefined;
  } catch (error) {
    return `npx cdk ${words.join(' ')}: ${(error as Error).message}`;
  }
}

it.each(pages)('%s: each execution input is valid', async (_path, page) => {
  const inputs = objectsIn(page).filter(isInput);
  const problems = await Promise.all(inputs.map((input) => inputProblems(input, ownProcessors(page))));
  expect(problems.flat()).toEqual([]);
});

it.each(pages)('%s: all settings are valid', (_path, page) => {
  for (const { context } of objectsIn(page).filter(isSettings)) {
    expect(() => readSettings(context as Record<string, unknown>)).not.toThrow();
  }
});

it.each(pages)('%s: each command exists and takes these options', async (_path, page) => {
  const problems = await Promise.all(
    commandsOf(page).map(async ([command, name = '', ...rest]) => {
      if (command === 'npx' && name === 'sluice') return commandProblem(rest);
      if (command === 'npx' && name === 'cdk') return contextProblem(rest);
      if (command === 'npm' && name === 'run') return rest[0] && rest[0] in scripts ? undefined : `npm run ${rest[0]}`;
      if (command === 'node' && !name.startsWith('-')) return existsSync(name) ? undefined : `node ${name}`;
      return undefined;
    }),
  );
  expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
});

it.each(pages)('%s: each command in a sentence exists', async (_path, page) => {
  const problems = await Promise.all(mentionedCommands(page).map(([, , ...rest]) => commandProblem(rest, true)));
  expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
});

it.each(pages)('%s: each setting in a sentence exists', (_path, page) => {
  const inGroups = dottedNames(page).filter((name) => groups.has(name.split('.')[0] ?? '') && !name.endsWith('.json'));
  expect(inGroups.filter((name) => !settings.has(name))).toEqual([]);
});

it('docs/jobs/own-processor.md shows the processor of the example', () => {
  const [, page] = pages.find(([path]) => path === 'docs/jobs/own-processor.md') ?? [];
  const code = page?.blocks.find(({ kind }) => kind === 'ts')?.text;
  expect(code).toBe(readFileSync('examples/own-processor/count-lines.ts', 'utf8'));
});

it.each(pages)('%s: each link to a page or a heading leads somewhere', (_path, page) => {
  expect(brokenLinks(page)).toEqual([]);
});

it('the check finds the examples', () => {
  const all = pages.map(([, page]) => page);
  expect(all.flatMap(objectsIn).filter(isInput).length).toBeGreaterThan(10);
  expect(all.flatMap(objectsIn).filter(isSettings).length).toBeGreaterThan(3);
  expect(settings.size).toBeGreaterThan(50);
  expect(all.flatMap(dottedNames).filter((name) => settings.has(name)).length).toBeGreaterThan(50);
  expect(all.flatMap(mentionedCommands).length).toBeGreaterThan(10);
  expect(all.flatMap(commandsOf).filter(([, name]) => name === 'sluice').length).toBeGreaterThan(20);
});

it('the check reports each kind of mistake', async () => {
  expect(await inputProblems({ sources: [{ url: 'https://example.org/a' }], process: 'none' }, [])).toHaveLength(1);
  expect(await commandProblem(['runs', '--no-such-option'])).toContain('is not an option of "sluice runs"');
  expect(await commandProblem(['retry'])).toContain('<run> is missing');
  expect(await commandProblem(['retry'], true)).toBeUndefined();
  expect(await commandProblem(['rerun'], true)).toContain('unknown command');
  expect(contextProblem(['deploy', '-c', 'sluice.gate.interval=1'])).toContain('gate.interval');
  const prose = '[a](docs/none.md) [b](docs/errors.md#none) [c](docs/errors.md#a-run-and-its-gate)';
  expect(brokenLinks({ path: 'README.md', blocks: [], prose })).toEqual(['docs/none.md', 'docs/errors.md#none']);
});
