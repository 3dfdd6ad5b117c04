import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BuildFailure, buildSync } from 'esbuild';
import { SettingsError } from '../settings/read-settings.ts';
import { ESM_BUNDLE } from './esm-bundle.ts';
import { temporaryFolder } from './temporary-folder.ts';

/**
 * Bundles the modules of the setting `gate.checks`, each for a function of its own, with everything that it imports and
 * with its source map.
 *
 * @param checks the path of each module, from the current folder, by the name of the check.
 * @returns the folder with the bundle of each check, by name. The folders are deleted when the process ends; CDK copies
 * assets at synth.
 * @throws SettingsError that names each check whose module is missing, can't be bundled or exports no `handler`.
 */
export function bundleChecks(checks: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const problems: string[] = [];
  const folders = Object.entries(checks).map(([name, file]) => {
    const folder = join(temporaryFolder('sluice-checks'), name);
    const problem = bundleInto(folder, file);
    if (problem !== undefined) problems.push(`gate.checks.${name}: ${problem}`);
    return [name, folder] as const;
  });
  if (problems.length > 0) throw new SettingsError(problems);
  return Object.fromEntries(folders);
}

/** @returns what is wrong with the module, if anything is. */
function bundleInto(folder: string, file: string): string | undefined {
  const path = resolve(file);
  if (!existsSync(path)) return `there is no file ${file} (looked for ${path})`;
  try {
    const { outputFiles, metafile } = buildSync({
      ...ESM_BUNDLE,
      entryPoints: [path],
      // Nothing is written there. The source map's paths begin at this folder, so they are the same in each clone.
      outfile: resolve('index.mjs'),
      sourcemap: 'linked',
      sourcesContent: false,
      metafile: true,
      write: false,
      logLevel: 'silent',
    });
    const exported = Object.values(metafile.outputs).flatMap(({ exports }) => exports);
    if (!exported.includes('handler')) {
      return `${file} exports no "handler"; export the function of the check under this name, from an ES module`;
    }
    mkdirSync(folder, { recursive: true });
    for (const { path: output, contents } of outputFiles) {
      writeFileSync(join(folder, output.endsWith('.map') ? 'index.mjs.map' : 'index.mjs'), contents);
    }
    return undefined;
  } catch (error) {
    const [first] = (error as Partial<BuildFailure>).errors ?? [];
    if (first === undefined) throw error;
    const { file: at = file, line } = first.location ?? {};
    return `${file} can't be bundled: ${first.text} (${at}${line === undefined ? '' : `, line ${line}`})`;
  }
}
