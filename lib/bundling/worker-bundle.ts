import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { buildSync, type Metafile } from 'esbuild';
import { MAP_COMMENT } from '#run/source-lines.ts';
import { SettingsError } from '../settings/read-settings.ts';
import type { Settings } from '../settings/settings.ts';
import type { WorkerProgram } from '../workers/worker-fleet.ts';
import { bundled, ESM_BUNDLE, ownModule } from './esm-bundle.ts';
import { duckDbFiles, ownPlatform, type Platform } from './native-files.ts';
import { ownSourceMap } from './own-source-map.ts';
import { temporaryFolder } from './temporary-folder.ts';

/**
 * The longest command. A task definition and the overrides of RunTask have a limit of 64 KiB each, with the environment
 * and everything else.
 */
const MAX_COMMAND_BYTES = 30 * 1_024;

/** The user's own processors, by name: the path of the module of each. */
type OwnProcessors = Settings['workers']['processors'];

/** The worker as one file. */
export interface WorkerBundle {
  readonly path: string;
  /**
   * The hash of the file, as hex. The task definition contains it, and bootstrap.ts refuses a file with another hash.
   */
  readonly sha256: string;
  /** The modules whose code it contains, with their bytes, without the source map. */
  readonly output: Metafile['outputs'][string];
}

/** The command needs more room than a task definition should give it. */
export class WorkerCommandTooLongError extends Error {
  override readonly name = 'WorkerCommandTooLongError';
}

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const entry = (path: string): string => join(REPOSITORY, path);
const program = (path: string): string => entry(ownModule(path));

const NO_CREDENTIALS = bundled(ownModule('no-credentials'));
export const WORKER_ALIASES = {
  ...ESM_BUNDLE.alias,
  // DuckDB's native part is not JavaScript: the worker downloads it with the first item that needs it.
  '@duckdb/node-bindings': entry('processors/table/bindings.cjs'),
  '@aws-sdk/credential-provider-ini': NO_CREDENTIALS,
  '@aws-sdk/credential-provider-process': NO_CREDENTIALS,
  '@aws-sdk/credential-provider-sso': NO_CREDENTIALS,
  '@aws-sdk/credential-provider-web-identity': NO_CREDENTIALS,
};

/**
 * Bundles the worker with everything that it needs, the AWS SDK included, into `worker.mjs`. The same sources give the
 * same bytes.
 *
 * @param outDir the folder for the file; it is created if needed.
 * @param processors the user's own processors, by name: the path of the module of each, from the current folder.
 * @throws esbuild's BuildFailure if the worker doesn't compile.
 */
export function buildWorkerBundle(outDir: string, processors: OwnProcessors = {}): WorkerBundle {
  const path = join(outDir, 'worker.mjs');
  const { metafile, outputFiles } = buildSync({
    ...ESM_BUNDLE,
    metafile: true,
    ...(Object.keys(processors).length === 0
      ? { entryPoints: [program('worker/main')] }
      : {
          stdin: {
            contents: mainWith(processors),
            resolveDir: entry('worker'),
            sourcefile: 'main-with-own-processors.ts',
          },
        }),
    outfile: path,
    sourcemap: 'external',
    sourcesContent: false,
    alias: WORKER_ALIASES,
    write: false,
    logLevel: 'error',
  });
  const code = outputFiles.find((file) => !file.path.endsWith('.map'));
  const map = outputFiles.find((file) => file.path.endsWith('.map'));
  const output = Object.values(metafile.outputs).find(({ inputs }) => Object.keys(inputs).length > 0);
  if (code === undefined || map === undefined || output === undefined) throw new Error(`esbuild has made no ${path}`);
  const content = Buffer.concat([code.contents, Buffer.from(mapComment(map.text, path))]);
  mkdirSync(outDir, { recursive: true });
  writeFileSync(path, content);
  return { path, sha256: createHash('sha256').update(content).digest('hex'), output };
}

/**
 * The worker's source map as a comment at its end. Node does not know this comment, so a start does not read the map;
 * `run/source-lines.ts` reads it for the first error. It contains the lines of our modules and of the user's
 * processors.
 */
function mapComment(map: string, path: string): string {
  const own = ownSourceMap(map, path, [REPOSITORY, process.cwd()]);
  return `${MAP_COMMENT}${brotliCompressSync(own).toString('base64')}\n`;
}

/** `worker/main.ts`, with the user's processors before the built-in ones. */
function mainWith(processors: OwnProcessors): string {
  const text = (file: string) => JSON.stringify(file);
  const modules = Object.entries(processors).map(
    ([name, file]) => `${text(name)}: () => import(${text(resolve(file))})`,
  );
  return `
    import { loadProcessor } from ${text(program('processors/index'))};
    import { withOwnProcessors } from ${text(program('processors/own-processors'))};
    import { runProgram } from ${text(program('worker/program'))};
    import { workerMain } from ${text(program('worker/worker-main'))};
    export const main = (stop) => workerMain(import.meta.filename, stop);
    if (import.meta.main) await runProgram(import.meta.filename, withOwnProcessors({ ${modules.join(', ')} }, loadProcessor));
  `;
}

/**
 * Loads each of the user's modules, bundled like the worker, and looks for its processor. So a wrong path or name fails
 * the synth and not the first item.
 *
 * @throws SettingsError that names each wrong setting.
 */
function checkProcessors(processors: OwnProcessors): void {
  const missing = Object.entries(processors).filter(([, file]) => !existsSync(resolve(file)));
  if (missing.length > 0) {
    throw new SettingsError(
      missing.map(
        ([name, file]) => `workers.processors.${name}: there is no file ${file} (looked for ${resolve(file)})`,
      ),
    );
  }
  const file = join(temporaryFolder('sluice-processors'), 'check.mjs');
  const lines = Object.entries(processors).map(
    ([name, module]) =>
      `try { exportedProcessor(${JSON.stringify(name)}, await import(${JSON.stringify(resolve(module))})); }
       catch (error) { problems.push(error.name === 'OwnProcessorError' ? error.message : ${JSON.stringify(`workers.processors.${name}: loading ${module} fails: `)} + error.message); }`,
  );
  const contents = `import { exportedProcessor } from ${JSON.stringify(program('processors/own-processors'))};
    const problems = []; ${lines.join('\n')} console.log(JSON.stringify(problems));`;
  buildSync({
    ...ESM_BUNDLE,
    stdin: { contents, resolveDir: process.cwd() },
    outfile: file,
    alias: WORKER_ALIASES,
    logLevel: 'error',
  });
  const printed = execFileSync(process.execPath, [file], { encoding: 'utf8', timeout: 60_000 });
  const problems = JSON.parse(printed.trim().split('\n').at(-1) ?? '[]') as string[];
  if (problems.length > 0) throw new SettingsError(problems);
}

/**
 * The container's command: Node with the bootstrap as its argument. There is no shell in between, so the bootstrap
 * receives SIGTERM, and nothing needs quoting.
 *
 * @throws WorkerCommandTooLongError beyond 30 KiB.
 */
export function workerCommand(): string[] {
  const { banner: _, ...options } = ESM_BUNDLE;
  const built = buildSync({
    ...options,
    entryPoints: [program('worker/bootstrap')],
    format: 'cjs',
    // `${…}` in a template looks like a forgotten Fn::Sub, and synth would warn about each.
    supported: { 'template-literal': false },
    write: false,
  });
  const script = built.outputFiles[0]?.text.trim() ?? '';
  const bytes = Buffer.byteLength(script);
  if (bytes > MAX_COMMAND_BYTES) {
    throw new WorkerCommandTooLongError(
      `worker/bootstrap.ts makes a command of ${bytes} bytes, more than the allowed ${MAX_COMMAND_BYTES}`,
    );
  }
  return ['node', '-e', script];
}

/**
 * Builds everything that workers run: bundle, command, native files. The bundle is deleted when the process ends; CDK
 * copies assets at synth.
 *
 * @param platform of the native files; undefined to leave them out.
 * @param processors the user's own processors.
 * @throws SettingsError if a module has no such processor.
 */
export function buildWorkerProgram(platform: Platform | undefined, processors: OwnProcessors = {}): WorkerProgram {
  if (Object.keys(processors).length > 0) checkProcessors(processors);
  const outDir = temporaryFolder('sluice-worker');
  const nativeFiles = platform === undefined ? [] : duckDbFiles(platform);
  const { path, sha256 } = buildWorkerBundle(outDir, processors);
  return { path, sha256, command: workerCommand(), nativeFiles };
}

/** What the workers of a deployment run. */
export function workerProgramOf({ workers }: Pick<Settings, 'workers'>): WorkerProgram {
  return buildWorkerProgram(workers.parquet ? platformOf(workers) : undefined, workers.processors);
}

/** Where workers run: Fargate, or this very machine in the local run, where they are plain processes. */
function platformOf({ architecture }: Settings['workers']): Platform {
  if (process.env.SLUICE_LOCAL_WORKERS === 'true') return ownPlatform();
  return { os: 'linux', cpu: architecture, libc: 'glibc' };
}
