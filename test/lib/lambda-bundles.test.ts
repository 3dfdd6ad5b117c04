import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { bundleLambdas } from '#lib/lambda-bundles.ts';

const entry = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

let folders: Readonly<Record<'engine' | 'slice', string>>;
beforeAll(() => {
  folders = bundleLambdas({ engine: entry('transfer/index.ts'), slice: entry('lambdas/slice/handler.ts') });
});

/** The modules of Node's own that a bundle brings into a fresh process, whether it then runs or not. */
function loadedBy(bundle: string): string[] {
  const script = `import(${JSON.stringify(join(bundle, 'index.mjs'))}).catch(() => {}).then(() => console.log(JSON.stringify(process.moduleLoadList)))`;
  const output = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '[]') as string[];
}

it.each(['engine', 'slice'] as const)("does not load Node's own fetch at a cold start: %s", (name) => {
  const loaded = loadedBy(folders[name]);
  expect(loaded).toContain('NativeModule _http_client');
  expect(loaded).not.toContain('NativeModule internal/deps/undici/undici');
});

it('keeps the engine with its SDK within 1.1 MB, which is mostly the SDK and undici', () => {
  expect(statSync(join(folders.engine, 'index.mjs')).size).toBeLessThan(1_100_000);
});
