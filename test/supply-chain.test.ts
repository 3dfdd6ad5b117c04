import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const REPOSITORY = fileURLToPath(new URL('../', import.meta.url));

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly inBundle?: boolean;
}

/** Licences that ask for no more than their text to go along. */
const PERMISSIVE = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'MIT-0',
  'MIT OR Apache-2.0',
  // Either may be chosen.
  '(MIT OR GPL-3.0-or-later)',
]);
/**
 * Of tools that run here and are part of nothing that is deployed. The terms of MPL-2.0 are for changes to its own
 * files, and CC0-1.0 has none: the icons of the documentation site have it.
 */
const FOR_TOOLS = new Set([...PERMISSIVE, 'MPL-2.0', 'CC0-1.0', 'Python-2.0']);

/** Every lock file of the repository: its own, and those of what is packed apart. */
const locks = globSync('**/package-lock.json', {
  cwd: REPOSITORY,
  exclude: (name) => ['node_modules', '.sluice', 'cdk.out', 'sluice-out'].includes(name),
}).map((path) => {
  const { packages } = JSON.parse(readFileSync(join(REPOSITORY, path), 'utf8')) as { packages: Record<string, Locked> };
  const { '': _, ...locked } = packages;
  const manifest = JSON.parse(readFileSync(join(REPOSITORY, dirname(path), 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
    devDependencies?: Record<string, string>;
    allowScripts?: Record<string, boolean>;
  };
  return { path, locked: Object.entries(locked), manifest };
});

const nameOf = (path: string) => path.replace(/^.*node_modules\//, '');

describe.each(locks)('$path', ({ locked, manifest }) => {
  it('deployed packages have only permissive licences, and tools have none that affects other files', () => {
    const refused = locked
      .filter(([, { license = 'none', dev = false }]) => !(dev ? FOR_TOOLS : PERMISSIVE).has(license))
      .map(([path, { license = 'none' }]) => `${nameOf(path)}: ${license}`);
    expect(refused).toEqual([]);
  });

  it('only the named packages run install scripts', () => {
    const scripted = new Set(locked.filter(([, one]) => one.hasInstallScript).map(([path]) => nameOf(path)));
    expect(scripted).toEqual(new Set(Object.keys(manifest.allowScripts ?? {})));
  });

  it('every package has an exact version and a hash', () => {
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
    }
    const unproven = locked.filter(([, { integrity, inBundle }]) => integrity === undefined && inBundle !== true);
    expect(unproven.map(([path]) => path)).toEqual([]);
  });
});

/** Every package that may be part of what is deployed, or of what deploys it; not those of tests and tools. */
function licences(): string {
  const used = locks.flatMap(({ locked }) =>
    locked.flatMap(([path, { dev = false, license = 'none' }]) => (dev ? [] : `| ${nameOf(path)} | ${license} |`)),
  );
  return [
    '# Licences',
    '',
    'This page lists the packages that a deployment contains, and the packages that deploy it, each with its licence.',
    'A test compares the list with the lock files. To write the page again: `npx vitest run --project unit test/supply-chain.test.ts -u`.',
    '',
    '| package | licence |',
    '|---|---|',
    ...[...new Set(used)].sort(),
    '',
  ].join('\n');
}

it('docs/licences.md lists the licences of all deployed packages', async () => {
  await expect(licences()).toMatchFileSnapshot('../docs/licences.md');
});

it('the test finds the lock file of the repository itself', () => {
  expect(locks.map(({ path }) => path)).toContain('package-lock.json');
});

it('each action of hosted CI has a pinned commit', () => {
  const workflows = globSync('.github/workflows/*.yml', { cwd: REPOSITORY });
  const used = workflows.flatMap((path) => [
    ...readFileSync(join(REPOSITORY, path), 'utf8').matchAll(/^\s*-?\s*uses:\s*(.*)$/gm),
  ]);
  expect(used.length).toBeGreaterThan(0);
  for (const [, action = ''] of used) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

describe.each(['local/embedded/requirements', '.ci/lint-requirements', 'bench/peers'])('%s.txt', (path) => {
  const lines = (ending: string) => readFileSync(join(REPOSITORY, `${path}.${ending}`), 'utf8').split('\n');
  /** What each requirement is in a list with hashes: its name and version, and what is continued below it. */
  const locked = lines('txt')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');

  it('every package that pip installs has an exact version and the hashes of its files', () => {
    expect(locked.length).toBeGreaterThan(0);
    for (const line of locked) {
      expect(line).toMatch(/^[\w.-]+(\[[\w,-]+\])?==[\w.!+-]+( ; [^;]+?)? +(--hash=sha256:[0-9a-f]{64} *)+$/);
    }
  });

  it('the list with hashes contains everything that the list without hashes requires', () => {
    const versions = new Set(locked.map((line) => line.split(' ')[0]?.toLowerCase().replaceAll('_', '-')));
    const asked = lines('in').filter((line) => line.trim() !== '' && !line.startsWith('#'));
    for (const line of asked) expect(versions).toContain(line.toLowerCase().replaceAll('_', '-'));
  });
});
