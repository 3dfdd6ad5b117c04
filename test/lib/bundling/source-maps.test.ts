import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleLambdas } from '#lib/bundling/lambda-bundles.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

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
 * Loads the bundle in a process of its own and without any option of Node, as Lambda does, and runs a script with its handler.
 *
 * @returns what the script prints last, and the log lines of errors.
 */
function withHandler(script: string): { readonly printed: unknown; readonly errors: string } {
  const code = `const { handler } = await import(${JSON.stringify(join(folder, 'index.mjs'))}); ${script}`;
  const options = { env: ENVIRONMENT, encoding: 'utf8' } as const;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], options);
  return { printed: JSON.parse(stdout.trim().split('\n').at(-1) ?? ''), errors: stderr };
}

/** Which files a script has read besides what it has imported. */
const READS = `
  const fs = process.getBuiltinModule('node:fs'); const reads = []; const read = fs.readFileSync;
  fs.readFileSync = (...args) => (reads.push(String(args[0])), read(...args));
  process.getBuiltinModule('node:module').syncBuiltinESMExports();`;

describe('an error of a bundled function', () => {
  it('names the TypeScript file and line where it came about, in its stack and in the log line', () => {
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

  it('is what first reads a map: a start reads none', () => {
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

describe('the maps', () => {
  it('name files of this repository alone, by paths that are the same in every clone', () => {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.map'));
    const sources = files.flatMap(
      (file) => (JSON.parse(readFileSync(join(folder, file), 'utf8')) as { sources: string[] }).sources,
    );
    expect(sources).toContain('transfer/upload-slice.ts');
    expect(sources.filter((source) => !/^(lambdas|lib|net|run|page|transfer)\//.test(source))).toEqual([]);
  });
});
