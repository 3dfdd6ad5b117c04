/** `npm run package` builds the npm package and packs it: `.sluice/package/` and `.sluice/sluice.tgz`. */
import { execFileSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { scriptOptions } from '#local/script-options.ts';
import { buildPackage } from './build-package.ts';

scriptOptions({
  command: 'npm run package --',
  about: 'Builds the npm package and packs it: .sluice/package/ and .sluice/sluice.tgz.',
});

const repository = fileURLToPath(new URL('../', import.meta.url));
const folder = join(repository, '.sluice/package');
buildPackage(repository, folder);
const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', join(repository, '.sluice')], {
  cwd: folder,
  encoding: 'utf8',
});
// Examples and docs name this file, so a new version must not change its name.
renameSync(join(repository, '.sluice', packed.trim()), join(repository, '.sluice/sluice.tgz'));
console.log('.sluice/sluice.tgz');
