import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runScript } from '#test/helpers/run-script.ts';

/**
 * The scripts of package.json that Node runs, but for vitest's, vitepress's and the command line's, which has tests of
 * its own.
 */
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
const ofPackage = Object.entries(scripts).flatMap(([name, command]) => {
  const [, file] = /(?:^|&& )(?:\w+=\S+ )?(?:node_modules\/\.bin\/)?node (\S+\.ts)$/.exec(command) ?? [];
  return file === undefined || name === 'sluice'
    ? []
    : [[name === 'start' ? 'npm start --' : `npm run ${name} --`, file]];
}) as [string, string][];
/** Each file directly in `bench/` is a command that a person runs. */
const ofBench = globSync('bench/*.ts')
  .filter((file) => file !== 'bench/bench.ts')
  .map((file): [string, string] => [`node ${file}`, file]);

async function tellsHowItIsUsed([command, file]: readonly [string, string]): Promise<void> {
  const help = await runScript(file, '--help');
  expect(help, file).toMatchObject({ code: 0, err: '' });
  expect(help.out).toContain(command.replace(/ --$/, ''));
  expect(help.out).toContain('--help');
  const wrong = await runScript(file, '--no-such-option');
  expect(wrong, file).toMatchObject({ code: 2, out: '' });
  expect(wrong.err).toContain("'--no-such-option'");
  expect(wrong.err).toContain(`${command} --help`);
  expect(wrong.err, 'a sentence, and no stack').not.toMatch(/^ +at /m);
}

describe('each script shows the options, and refuses an option that it does not have', () => {
  it('the list contains every script', () => {
    expect(ofPackage.length).toBeGreaterThanOrEqual(9);
    expect(ofBench.length).toBeGreaterThanOrEqual(14);
  });

  const usual = ofPackage.filter(([command]) => /^npm (start|run costs|run package) --$/.test(command));
  const others = ofPackage.filter((script) => !usual.includes(script));
  it.each(usual)('%s', async (...script) => tellsHowItIsUsed(script));

  // Many load the CDK, DuckDB or a browser, and each starts twice.
  it.each([...others, ...ofBench])('%s', { tags: ['heavy'] }, async (...script) => tellsHowItIsUsed(script));
});

it.each([
  ['a value that is not a number', ['bench/gate-latency.ts', '--runs', 'many'], '--runs takes a number, not "many"'],
  ['an option without its value', ['bench/gate-latency.ts', '--runs'], '--runs has no value: give one'],
  ['one argument more than the script takes', ['release/main.ts', 'now'], '"now" is one argument too many'],
  ['a missing argument', ['bench/parquet.ts'], 'it takes a file'],
  [
    'a line with several mistakes',
    ['bench/gate-latency.ts', 'now', '--runs', 'many', '--nope', '--help=1'],
    `"now" is one argument too many: remove it; unknown option '--nope'; --help takes no value: remove "1"; --runs takes a number, not "many"`,
  ],
])('%s is refused with one sentence', async (_what, [file = '', ...args], sentence) => {
  const { code, err } = await runScript(file, ...args);
  expect(code).toBe(2);
  expect(err).toMatch(/^[^\n]+ --help" shows the options\.\n$/);
  expect(err).toContain(sentence);
});
