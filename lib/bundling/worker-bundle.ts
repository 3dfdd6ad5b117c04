import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import type { WorkerProgram } from '../workers/worker-fleet.ts';
import { ESM_BUNDLE, ownModule } from './esm-bundle.ts';
import type { Settings } from '../settings/settings.ts';
import { duckDbFiles, ownPlatform, type Platform } from './native-files.ts';
import { temporaryFolder } from './temporary-folder.ts';

/**
 * What the command may take. A task definition and the overrides of RunTask hold 64 KiB each, with environment and all
 * else.
 */
const MAX_COMMAND_BYTES = 30 * 1_024;

/** The worker as one file. */
export interface WorkerBundle {
  readonly path: string;
  /** Of the file's bytes, as hex. The task definition carries it, and bootstrap.ts refuses anything else. */
  readonly sha256: string;
}

/** The command needs more room than a task definition should give it. */
export class WorkerCommandTooLongError extends Error {
  override readonly name = 'WorkerCommandTooLongError';
}

const entry = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const program = (path: string): string => entry(ownModule(path));

/**
 * Bundles the worker with all it needs, the AWS SDK included, into `worker.mjs`. The same sources give the same bytes.
 *
 * @param outDir where the file goes; made if need be.
 * @throws esbuild's BuildFailure where the worker doesn't compile.
 */
export function buildWorkerBundle(outDir: string): WorkerBundle {
  mkdirSync(outDir, { recursive: true });
  const path = join(outDir, 'worker.mjs');
  buildSync({
    ...ESM_BUNDLE,
    entryPoints: [program('worker/main')],
    outfile: path,
    // DuckDB's native part is no JavaScript: the worker fetches it with the first item that needs it.
    alias: { ...ESM_BUNDLE.alias, '@duckdb/node-bindings': entry('processors/table/bindings.cjs') },
    logLevel: 'error',
  });
  return { path, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') };
}

/**
 * The container's command: Node with the bootstrap as its argument. There is no shell in between, so SIGTERM arrives
 * where it is handled, and nothing is quoted.
 *
 * @throws WorkerCommandTooLongError beyond 30 KiB.
 */
export function workerCommand(): string[] {
  const { banner: _, ...options } = ESM_BUNDLE;
  const built = buildSync({
    ...options,
    entryPoints: [program('worker/bootstrap')],
    format: 'cjs',
    // `${…}` in a template looks like a forgotten Fn::Sub, and synth would warn of each.
    supported: { 'template-literal': false },
    write: false,
  });
  const script = built.outputFiles[0]?.text.trim() ?? '';
  const bytes = Buffer.byteLength(script);
  if (bytes > MAX_COMMAND_BYTES) {
    throw new WorkerCommandTooLongError(
      `worker/bootstrap.ts makes a command of ${bytes} bytes, at most ${MAX_COMMAND_BYTES} are allowed`,
    );
  }
  return ['node', '-e', script];
}

/**
 * All that workers run, for a synth: bundle, command, native files. The bundle is gone when the process ends; CDK copies
 * assets at synth.
 *
 * @param platform what the native files must be for; undefined to leave them out.
 */
export function buildWorkerProgram(platform: Platform | undefined): WorkerProgram {
  const outDir = temporaryFolder('sluice-worker');
  const nativeFiles = platform === undefined ? [] : duckDbFiles(platform);
  return { ...buildWorkerBundle(outDir), command: workerCommand(), nativeFiles };
}

/** What the workers of a deployment run. */
export function workerProgramOf({ workers }: Pick<Settings, 'workers'>): WorkerProgram {
  return buildWorkerProgram(workers.parquet ? platformOf(workers) : undefined);
}

/** Where workers run: Fargate, or this very machine in the local run, where they are plain processes. */
function platformOf({ architecture }: Settings['workers']): Platform {
  if (process.env.SLUICE_LOCAL_WORKERS === 'true') return ownPlatform();
  return { os: 'linux', cpu: architecture, libc: 'glibc' };
}
