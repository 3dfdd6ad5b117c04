import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, buildSync } from 'esbuild';

/** Both run on what the task's image and the Lambda runtime are. */
const NODE = 'node24';
/**
 * What the command may take. A task definition and the overrides of RunTask hold 64 KiB each, with environment and all
 * else.
 */
const MAX_COMMAND_BYTES = 30 * 1_024;

/** Some CommonJS packages inside the bundle call `require` for Node's own modules, and an ES module has none. */
const CREATE_REQUIRE = [
  "import { createRequire as sluiceCreateRequire } from 'node:module';",
  'const require = sluiceCreateRequire(import.meta.url);',
].join('');

/** The worker as one file. */
export interface WorkerBundle {
  readonly path: string;
  /** Of the file's bytes, as hex. The task definition carries it, and bootstrap.ts refuses anything else. */
  readonly sha256: string;
}

const entry = (name: string): string => fileURLToPath(new URL(`../worker/${name}`, import.meta.url));

const common = {
  bundle: true,
  platform: 'node',
  target: NODE,
  minify: true,
  legalComments: 'none',
  logLevel: 'silent',
} as const satisfies BuildOptions;

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
    ...common,
    entryPoints: [entry('main.ts')],
    outfile: path,
    format: 'esm',
    mainFields: ['module', 'main'],
    banner: { js: CREATE_REQUIRE },
  });
  return { path, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') };
}

/** The command needs more room than a task definition should give it. */
export class WorkerCommandTooLongError extends Error {
  override readonly name = 'WorkerCommandTooLongError';
}

/**
 * The container's command: Node with the bootstrap as its argument. There is no shell in between, so SIGTERM arrives
 * where it is handled, and nothing is quoted.
 *
 * @throws WorkerCommandTooLongError beyond 30 KiB.
 */
export function workerCommand(): string[] {
  const built = buildSync({ ...common, entryPoints: [entry('bootstrap.ts')], format: 'cjs', write: false });
  const script = built.outputFiles[0]?.text.trim() ?? '';
  if (Buffer.byteLength(script) > MAX_COMMAND_BYTES) {
    throw new WorkerCommandTooLongError(
      `worker/bootstrap.ts makes a command of ${Buffer.byteLength(script)} bytes, at most ${MAX_COMMAND_BYTES} are allowed`,
    );
  }
  return ['node', '-e', script];
}
