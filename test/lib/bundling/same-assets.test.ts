// @module-tag heavy
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-same-assets-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/**
 * Copies the sources, and links the files of the packages: esbuild follows a linked folder back to this clone, and
 * would see its paths.
 */
function cloneInto(clone: string): void {
  const files = execFileSync('git', ['-C', ROOT, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
    maxBuffer: 16 * 1_048_576,
  });
  for (const file of files.split('\0').filter((name) => name !== '' && !name.startsWith('test/'))) {
    mkdirSync(dirname(join(clone, file)), { recursive: true });
    cpSync(join(ROOT, file), join(clone, file));
  }
  const copyOptions = process.platform === 'darwin' ? '-Rc' : '-al';
  execFileSync('cp', [copyOptions, join(ROOT, 'node_modules'), join(clone, 'node_modules')]);
  // What the first synth has fetched, so that the second needs no network.
  cpSync(join(ROOT, '.sluice/native'), join(clone, '.sluice/native'), { recursive: true });
}

/** The names of all assets of a synth, which hold the hashes of their contents. */
function assetsOf(clone: string, environment: NodeJS.ProcessEnv, umask: string): string[] {
  const out = join(folder, `out-${umask}`);
  const bin = join(clone, 'node_modules/.bin');
  execFileSync('sh', ['-c', `umask ${umask} && cdk synth --quiet --output "$OUT"`], {
    cwd: clone,
    env: { ...environment, PATH: `${bin}${delimiter}${process.env.PATH}`, OUT: out },
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 300_000,
  });
  return readdirSync(out)
    .filter((name) => name.startsWith('asset.'))
    .sort();
}

it('a synth gives every asset the same hash in two clones of one commit, for two users', { timeout: 900_000 }, () => {
  const here = assetsOf(ROOT, process.env, '022');
  const clone = join(folder, 'another-clone', 'with-a-longer-path');
  cloneInto(clone);
  const home = join(folder, 'home');
  mkdirSync(home);
  const somebodyElse = { ...process.env, HOME: home, USER: 'somebody', TZ: 'Asia/Tokyo', LANG: 'C' };
  const there = assetsOf(clone, somebodyElse, '077');
  expect(here.length).toBeGreaterThan(10);
  expect(there).toEqual(here);
});
