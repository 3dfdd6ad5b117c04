import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { packageManifest } from '#release/package-manifest.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const { version } = JSON.parse(read('package.json')) as { version: string };

describe('a release', () => {
  it('a new version breaks no example and no page: none contains the version of the npm package', () => {
    const files = ['README.md', ...globSync(['docs/**/*.md', 'examples/*/*', 'examples/*.md'], { cwd: ROOT })].filter(
      (file) => !file.includes('node_modules') && /\.\w+$/.test(file),
    );
    expect(files.length).toBeGreaterThan(30);
    expect(files.filter((file) => read(file).includes(`sluice-${version}`))).toEqual([]);
    for (const file of globSync('examples/*/package.json', { cwd: ROOT })) {
      expect(JSON.parse(read(file)).dependencies.sluice).toBe('file:../../.sluice/sluice.tgz');
    }
  });

  it('the npm package names each module that changes how zod works, so that a bundler keeps the change', () => {
    const sources = globSync('{net,transfer,run,lambdas,worker,processors,lib,cli}/**/*.ts', { cwd: ROOT });
    const changing = sources.filter((file) => /^(?:z\.)?config\(/m.test(read(file)));
    expect(changing).toEqual(['net/zod.ts']);
    expect(packageManifest(ROOT).sideEffects).toEqual(changing.map((file) => `./${file.replace(/\.ts$/, '.js')}`));
  });

  it('the npm package names the repository, as npm needs it for a statement of provenance', () => {
    const workflow = read('.github/workflows/release.yml');
    const set = workflow.indexOf('npm pkg set repository.type=git "repository.url=git+');
    const packed = workflow.indexOf('npm run package');
    const published = workflow.indexOf('npm publish --provenance --access public .sluice/sluice.tgz');
    expect(set).toBeGreaterThan(0);
    expect(packed).toBeGreaterThan(set);
    expect(published).toBeGreaterThan(packed);

    const folder = mkdtempSync(join(tmpdir(), 'sluice-release-'));
    try {
      const repository = { type: 'git', url: 'git+https://github.com/acme/sluice.git' };
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...JSON.parse(read('package.json')), repository }));
      expect(packageManifest(folder)).toMatchObject({ version, repository });
      expect(packageManifest(ROOT)).not.toHaveProperty('repository');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
