import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

/** Prints the URL of each module that the process loads. */
const PRINT_MODULES = `
import { registerHooks } from 'node:module';
import { writeSync } from 'node:fs';
registerHooks({ load(url, context, next) { writeSync(2, url + '\\n'); return next(url, context); } });`;

/** The npm packages whose code a command loads. */
function packagesOf(args: readonly string[]): string[] {
  const hook = `data:text/javascript,${encodeURIComponent(PRINT_MODULES)}`;
  const { stderr, status } = spawnSync(process.execPath, ['--import', hook, MAIN, ...args], { encoding: 'utf8' });
  expect(status).toBe(0);
  const names = [...stderr.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)\/\S*$/gm)].map(([, name = '']) => name);
  return [...new Set(names)].sort();
}

it('sluice --help loads neither the AWS SDK nor a reader of sources', () => {
  const packages = packagesOf(['--help']);
  expect(packages).toContain('commander');
  expect(packages.filter((name) => /^@aws|^@smithy|^undici$/.test(name))).toEqual([]);
});
