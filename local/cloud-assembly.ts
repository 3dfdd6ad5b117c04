import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** The number of assemblies that are kept, one for each combination of sources and settings. Each takes some 25 MB. */
const KEPT = 5;
/** An assembly that was used within this time is always kept, because another process may be deploying it. */
const IN_USE_MS = 3_600_000;

/**
 * Folders of the repository that no synth reads. All other folders count as sources, also future ones. `cdk.out` is
 * what a synth writes, and may be written at this moment.
 */
const NO_SOURCES = new Set(['node_modules', 'test', 'docs', 'bench', 'cdk.out', 'sluice-out', 'coverage']);

/**
 * Returns the cloud assembly of the repository in its present state. A synth takes many seconds. So the assembly is
 * stored under a hash of all its inputs, and used again while none of them changes.
 *
 * @param options.repository the folder of the sources, with the lock file of the installed packages.
 * @param options.cache the folder with stored assemblies.
 * @param options.inputs other inputs of the synth: settings, versions, the platform.
 * @param options.synth writes an assembly into a folder.
 * @returns the assembly's folder, and whether it existed before.
 * @throws what `synth` throws; nothing is stored then.
 */
export async function cloudAssembly(options: {
  repository: string;
  cache: string;
  inputs: readonly string[];
  synth: (folder: string) => Promise<void>;
}): Promise<{ folder: string; reused: boolean }> {
  const { repository, cache, inputs, synth } = options;
  const folder = join(cache, await hashOf(repository, inputs));
  if (existsSync(folder)) {
    await utimes(folder, new Date(), new Date());
    return { folder, reused: true };
  }
  await mkdir(cache, { recursive: true });
  // Only a complete assembly gets its final name, so an interrupted synth leaves nothing that could be used.
  const unfinished = await mkdtemp(join(cache, 'unfinished-'));
  try {
    await synth(unfinished);
    await rename(unfinished, folder);
  } catch (error) {
    // Another process has stored the same assembly meanwhile.
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  await dropOld(cache);
  return { folder, reused: false };
}

/** Returns a hash of the sources' paths and bytes, and of the other inputs. Reading them takes some 20 ms. */
async function hashOf(repository: string, inputs: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(inputs));
  const top = await readdir(repository, { withFileTypes: true });
  const names: string[] = [];
  for (const entry of top) {
    if (entry.name.startsWith('.') || NO_SOURCES.has(entry.name)) continue;
    if (entry.isFile() && !entry.name.endsWith('.md')) names.push(entry.name);
    if (!entry.isDirectory()) continue;
    const inside = await readdir(join(repository, entry.name), { recursive: true, withFileTypes: true });
    for (const file of inside) {
      const path = join(file.parentPath, file.name);
      if (file.isFile() && !path.includes('__pycache__')) names.push(path.slice(repository.length));
    }
  }
  for (const name of names.sort()) {
    const bytes = await readFile(join(repository, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    // An editor, for example, has removed its temporary file meanwhile.
    if (bytes === undefined) continue;
    hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex').slice(0, 32);
}

async function dropOld(cache: string): Promise<void> {
  const used = await Promise.all(
    (await readdir(cache)).map(async (name) => {
      const folder = join(cache, name);
      return {
        folder,
        usedMs: await stat(folder).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        ),
      };
    }),
  );
  const newestFirst = used.toSorted((one, other) => other.usedMs - one.usedMs);
  for (const { folder, usedMs } of newestFirst.slice(KEPT)) {
    if (Date.now() - usedMs > IN_USE_MS) await rm(folder, { recursive: true, force: true });
  }
}
