import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, buildSync, type Metafile } from 'esbuild';
import { bundled, ESM_BUNDLE, ownModule } from './esm-bundle.ts';
import { ownSourceMap } from './own-source-map.ts';
import { temporaryFolder } from './temporary-folder.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
/**
 * The output folder for esbuild. Nothing is written there, but the hashes in the names of chunks depend on this path.
 */
const OUT = join(REPOSITORY, 'out');

/**
 * CommonJS packages call `require`, and in a bundle only for Node's own modules. A function reads up to 16 files at its
 * start, and `createRequire` in each of them takes 1.5 ms of CPU more than this.
 */
const REQUIRE =
  'const require=n=>process.getBuiltinModule(n)??(()=>{throw Error("neither Node nor the bundle has the module "+n)})();';

type Output = Metafile['outputs'][string];

/** The code of a function, as it is deployed. */
export interface LambdaBundle {
  /**
   * Contains `index.mjs`, which exports `handler`, under `chunks/` what it imports, and beside each file its source
   * map.
   */
  readonly folder: string;
  /** The files that Node reads at a cold start: their sizes, and the modules whose code they contain. */
  readonly atStart: readonly Output[];
  /** The files that an `import()` reads at its first use, if ever. */
  readonly later: readonly Output[];
}

/** The functions that transfer. Their bundles hold the engine's small client of S3 in place of the SDK's. */
const TRANSFERRING: readonly string[] = ['open', 'slice', 'close', 'abandon'];

export interface BundleOptions extends Pick<BuildOptions, 'sourcemap'> {
  /** The entries that get the small client of S3. @default the functions that transfer */
  readonly smallS3?: readonly string[];
}

/** An app with several stages bundles the same functions for each. */
const made = new Map<string, Readonly<Record<string, LambdaBundle>>>();

/**
 * Bundles all functions, and gives each a folder with the files that it can reach. Each function that transfers has a
 * call of esbuild of its own: it then reads no code that only another function needs, and 2 to 10 files at its start
 * instead of 13 to 15. That saves 2 to 5 ms of CPU. The other functions share one call, because a call takes 0.3 s.
 *
 * @param entries the entry file of each function, by name.
 * @param options that make bundles for inspection differ from deployed ones.
 * @returns the bundle of each function, by name. The folders are deleted when the process ends; CDK copies assets at
 * synth. The same entries and options get the same folders.
 */
export function bundleLambdas<N extends string>(
  entries: Readonly<Record<N, string>>,
  options: BundleOptions = {},
): Readonly<Record<N, LambdaBundle>> {
  const key = JSON.stringify([entries, options]);
  const bundles = made.get(key) ?? bundleNow(entries, options);
  made.set(key, bundles);
  return bundles as Readonly<Record<N, LambdaBundle>>;
}

function bundleNow(
  entries: Readonly<Record<string, string>>,
  { smallS3 = TRANSFERRING, ...options }: BundleOptions,
): Readonly<Record<string, LambdaBundle>> {
  const smallClient = {
    alias: { '@aws-sdk/client-s3': join(REPOSITORY, ownModule('transfer/s3/small/index')) },
    define: { SLUICE_SMALL_S3: 'true' },
  };
  const small = Object.entries(entries).filter(([name]) => smallS3.includes(name));
  const others = Object.entries(entries).filter(([name]) => !smallS3.includes(name));
  return Object.assign(
    others.length > 0 ? bundleTogether(Object.fromEntries(others), {}, options) : {},
    ...small.map((entry) => bundleTogether(Object.fromEntries([entry]), smallClient, options)),
  );
}

function bundleTogether(
  entries: Readonly<Record<string, string>>,
  replaced: Pick<BuildOptions, 'alias' | 'define'>,
  options: BuildOptions,
): Readonly<Record<string, LambdaBundle>> {
  const root = temporaryFolder('sluice-lambdas');
  const { outputFiles, metafile } = buildSync({
    ...ESM_BUNDLE,
    // No comment in the code names a map, so that Node never reads one by itself: see run/source-lines.ts.
    sourcemap: 'external',
    sourcesContent: false,
    ...options,
    banner: { js: REQUIRE },
    // With this, Node neither reads nor parses the code behind an `import()` before it is needed.
    splitting: true,
    entryPoints: { ...entries },
    chunkNames: 'chunks/[name]-[hash]',
    // esbuild hashes the modules' paths, relative to this folder, into the names of chunks. So one commit has the same
    // names in each clone.
    absWorkingDir: REPOSITORY,
    outdir: OUT,
    outExtension: { '.js': '.mjs' },
    alias: {
      ...ESM_BUNDLE.alias,
      'node:http2': bundled('http2.cjs'),
      '@aws-sdk/credential-provider-node': bundled(ownModule('lambda-credentials')),
      ...replaced.alias,
    },
    define: { ...ESM_BUNDLE.define, ...replaced.define },
    metafile: true,
    write: false,
    logLevel: 'error',
  });

  // Several functions share a chunk.
  const ownMaps = new Map<string, string>();
  const ownMapOf = (path: string, contents: Uint8Array): string => {
    const map = ownMaps.get(path) ?? ownSourceMap(Buffer.from(contents).toString(), path, [REPOSITORY]);
    ownMaps.set(path, map);
    return map;
  };
  const bundle = (name: string): LambdaBundle => {
    const folder = join(root, name);
    const entry = relative(REPOSITORY, join(OUT, `${name}.mjs`));
    const all = reachable(metafile, entry, ['import-statement', 'dynamic-import']);
    const atStart = reachable(metafile, entry, ['import-statement']);
    mkdirSync(join(folder, 'chunks'), { recursive: true });
    for (const { path, contents } of outputFiles) {
      const code = path.replace(/\.map$/, '');
      const file = relative(REPOSITORY, code);
      if (!all.has(file)) continue;
      const target = join(folder, file === entry ? 'index.mjs' : relative(OUT, code));
      if (path === code) writeFileSync(target, contents);
      else writeFileSync(`${target}.map`, ownMapOf(path, contents));
    }
    const outputs = (paths: Iterable<string>) => [...paths].flatMap((path) => metafile.outputs[path] ?? []);
    return { folder, atStart: outputs(atStart), later: outputs([...all].filter((path) => !atStart.has(path))) };
  };
  return Object.fromEntries(Object.keys(entries).map((name) => [name, bundle(name)]));
}

function reachable({ outputs }: Metafile, from: string, kinds: readonly string[]): Set<string> {
  const found = new Set([from]);
  // The loop also visits the entries that are added to the set during it.
  for (const path of found)
    for (const { path: next, kind, external } of outputs[path]?.imports ?? [])
      if (!external && kinds.includes(kind)) found.add(next);
  return found;
}
