import { fork, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleLambdas } from '#lib/bundling/lambda-bundles.ts';
import { temporaryFolder } from '#lib/bundling/temporary-folder.ts';
import { buildWorkerBundle, type WorkerBundle } from '#lib/bundling/worker-bundle.ts';
import { showSourceLines } from '#run/source-lines.ts';
import { workerVariables } from '#test/helpers/worker-process.ts';
import { broken } from './broken-processor.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const BROKEN = 'test/lib/bundling/broken-processor.ts';

let folder: string;
beforeAll(() => {
  folder = bundleLambdas({ slice: join(ROOT, 'lambdas/slice/handler.ts') }).slice.folder;
});

/** What Lambda gives the function. */
const ENVIRONMENT = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'key',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
  SLUICE_BUCKET: 'bucket',
  SLUICE_DEPLOYMENT: 'Sluice',
  SLUICE_INGEST: '{}',
  SLUICE_SOURCES: '{}',
  SLUICE_LIMITS: '{}',
  SLUICE_METRICS: '{}',
};

/**
 * Loads the bundle in a process of its own and without any option of Node, as Lambda does, and runs a script with its
 * handler.
 *
 * @returns what the script prints last, and the log lines of errors.
 */
function withHandler(script: string): { readonly printed: unknown; readonly errors: string } {
  const code = `const { handler } = await import(${JSON.stringify(join(folder, 'index.mjs'))}); ${script}`;
  const options = { env: ENVIRONMENT, encoding: 'utf8' } as const;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], options);
  return { printed: JSON.parse(stdout.trim().split('\n').at(-1) ?? ''), errors: stderr };
}

/** What a worker sends to the process in which its item runs. */
const JOB = {
  processor: broken.name,
  runId: 'run',
  item: '0'.repeat(32),
  name: 'item',
  input: null,
  options: {},
  attempt: 1,
  worker: 'worker',
  memoryBytes: 100_000_000,
};

/** Which files a script has read besides what it has imported. */
const READS = `
  const fs = process.getBuiltinModule('node:fs'); const reads = []; const read = fs.readFileSync;
  fs.readFileSync = (...args) => (reads.push(String(args[0])), read(...args));
  process.getBuiltinModule('node:module').syncBuiltinESMExports();`;

describe('an error of a bundled function', () => {
  it('an error of a bundled function names the TypeScript file and line in its stack and in the log line', () => {
    const { printed, errors } = withHandler(
      'await handler({}).catch((error) => console.log(JSON.stringify(error.stack)));',
    );
    const stack = String(printed);
    const [, line] = /at lambdas\/slice\/handler\.ts:(\d+):\d+/.exec(stack) ?? [];
    const source = readFileSync(join(ROOT, 'lambdas/slice/handler.ts'), 'utf8').split('\n');
    expect(source[Number(line) - 1]).toContain('payloadSchema.parse(payload)');
    expect(stack).toContain('lambdas/logged.ts:');
    expect(errors).toContain(`lambdas/slice/handler.ts:${line}:`);
  });

  it('a function reads a source map only at its first error, not at its start', () => {
    const script = `${READS}
      const maps = () => reads.filter((file) => file.endsWith('.map')).length;
      const before = maps();
      await handler({}).catch(() => {});
      console.log(JSON.stringify([before, maps() > 0]));`;
    expect(withHandler(script).printed).toEqual([0, true]);
    const code = readFileSync(join(folder, 'index.mjs'), 'utf8');
    expect(code).not.toContain('sourceMappingURL');
  });
});

describe('an error of the bundled worker', { tags: ['heavy'] }, () => {
  let worker: WorkerBundle;
  beforeAll(() => {
    worker = buildWorkerBundle(temporaryFolder('sluice-source-maps'), { [broken.name]: BROKEN });
  });

  it('an error of the bundled worker names the TypeScript file and line in the log line', () => {
    const { stdout, stderr } = spawnSync(process.execPath, [worker.path], { env: {}, encoding: 'utf8' });
    const line = JSON.parse(`${stdout}${stderr}`.trim().split('\n').at(-1) ?? '') as { error: { stack: string } };
    const [, number] = /at \S* ?\(?worker\/environment\.ts:(\d+):\d+/.exec(line.error.stack) ?? [];
    const source = readFileSync(join(ROOT, 'worker/environment.ts'), 'utf8').split('\n');
    expect(source[Number(number) - 1]).toContain('readEnvironment(VARIABLES');
  });

  it('an error of the bundled worker names the file and line of an own processor', async () => {
    const child = fork(worker.path, ['item'], {
      execPath: process.execPath,
      execArgv: [],
      env: {
        ...ENVIRONMENT,
        ...workerVariables({}),
        SLUICE_QUEUE_URL: 'http://127.0.0.1:9/queue',
        SLUICE_STOP_SECONDS: '30',
      },
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    try {
      const message = await new Promise<{ error: { stack: string } }>((resolve) => {
        child.on('message', (heard: { kind: string; error: { stack: string } }) => {
          if (heard.kind === 'ready') child.send({ kind: 'run', job: JOB });
          else resolve(heard);
        });
      });
      const error = Object.assign(new Error('of another process'), message.error);
      showSourceLines(error);
      const [, number] = new RegExp(`${BROKEN.replaceAll('.', '\\.')}:(\\d+):\\d+`).exec(error.stack ?? '') ?? [];
      expect(readFileSync(join(ROOT, BROKEN), 'utf8').split('\n')[Number(number) - 1]).toContain('throw new Error');
      expect(error.stack).toContain('processors/contract/run-processor.ts:');
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('an error of the bundled worker is what first reads the map: Node knows nothing of it', () => {
    const code = readFileSync(worker.path, 'utf8');
    expect(code).not.toContain('sourceMappingURL');
    expect(code.trimEnd().split('\n').at(-1)).toMatch(/^\/\/# sluice-map=[\w+/=]+$/);
  });
});

describe('the maps', () => {
  it('source maps name only files of this repository, by paths that are the same in every clone', () => {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.map'));
    const sources = files.flatMap(
      (file) => (JSON.parse(readFileSync(join(folder, file), 'utf8')) as { sources: string[] }).sources,
    );
    expect(sources).toContain('transfer/upload-slice.ts');
    expect(sources.filter((source) => !/^(lambdas|lib|net|run|page|transfer)\//.test(source))).toEqual([]);
  });
});
