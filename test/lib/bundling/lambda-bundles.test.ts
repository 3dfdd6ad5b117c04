import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { bundleLambdas, type LambdaBundle } from '#lib/bundling/lambda-bundles.ts';

const entry = (name: string) => fileURLToPath(new URL(`../../../${name}`, import.meta.url));

let bundles: Readonly<Record<'engine' | 'open' | 'slice', LambdaBundle>>;
beforeAll(() => {
  bundles = bundleLambdas({
    engine: entry('transfer/index.ts'),
    open: entry('lambdas/open/handler.ts'),
    slice: entry('lambdas/slice/handler.ts'),
  });
});

/** The modules of Node's own that a bundle brings into a fresh process, whether it then runs or not. */
function loadedBy({ folder }: LambdaBundle): string[] {
  const script = `import(${JSON.stringify(join(folder, 'index.mjs'))}).catch(() => {}).then(() => console.log(JSON.stringify(process.moduleLoadList)))`;
  const output = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '[]') as string[];
}

it.each(['engine', 'open', 'slice'] as const)(
  "a function that transfers loads none of Node's own clients of HTTP at a cold start: %s",
  (name) => {
    const loaded = loadedBy(bundles[name]);
    expect(loaded).toContain('NativeModule net');
    expect(loaded).not.toContain('NativeModule _http_client');
    expect(loaded).not.toContain('NativeModule internal/deps/undici/undici');
    expect(loaded).not.toContain('NativeModule http2');
  },
);

it.each(['open', 'slice'] as const)('all files of a function that transfers are smaller than 1.1 MB: %s', (name) => {
  const { folder, atStart, later } = bundles[name];
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(({ name }) =>
    name.endsWith('.mjs'),
  );
  const bytes = files.map((file) => statSync(join(file.parentPath, file.name)).size);
  expect(files).toHaveLength(atStart.length + later.length);
  // Of them 36 KB are the catalogue of errors.
  expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThan(1_100_000);
});

/** The packages that some of a bundle's files hold code of. */
function packagesIn(files: LambdaBundle['atStart']): Set<string> {
  const inputs = files.flatMap((file) => Object.keys(file.inputs));
  return new Set(inputs.map((input) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? 'ours'));
}

it('at a cold start a function reads no code that only some sources need: clients for credentials, of SQS, undici', () => {
  const atStart = packagesIn(bundles.open.atStart);
  const later = packagesIn(bundles.open.later);
  for (const name of ['@aws-sdk/client-ssm', '@aws-sdk/client-secrets-manager', '@aws-sdk/client-sqs', 'undici']) {
    expect(later).toContain(name);
    expect(atStart).not.toContain(name);
  }
});

/** The modules that some of a bundle's files hold code of. */
function modulesIn(files: LambdaBundle['atStart']): string[] {
  return files.flatMap((file) => Object.keys(file.inputs));
}

it('at a cold start a function reads neither the catalogue of problems nor schemas of variables that it does not have', () => {
  const { atStart, later } = bundles.open;
  expect(modulesIn(later)).toContain('run/problem/catalogue.ts');
  expect(modulesIn(atStart)).toContain('run/settings/ingest.ts');
  for (const module of [
    'problem/catalogue',
    'settings/workers',
    'settings/gate',
    'settings/redshift',
    'plan/plan-summary',
  ])
    expect(modulesIn(atStart)).not.toContain(`run/${module}.ts`);
});

it.each(['open', 'slice'] as const)('a function that transfers makes no code from schemas: %s', (name) => {
  // The function is loaded without variables, so it fails after it has used a schema of an object.
  const script = `
    let made = 0;
    globalThis.Function = new Proxy(Function, {
      construct(...args) { made += 1; return Reflect.construct(...args); },
    });
    import(${JSON.stringify(join(bundles[name].folder, 'index.mjs'))})
      .catch(({ name }) => console.log(JSON.stringify({ name, made })));`;
  const output = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  expect(JSON.parse(output)).toEqual({ name: 'EnvironmentError', made: 0 });
});

it.each(['open', 'slice'] as const)(
  "a bundle contains the engine's small S3 client, and no code of the SDK's client: %s",
  (name) => {
    const { atStart, later } = bundles[name];
    expect(atStart.flatMap(({ inputs }) => Object.keys(inputs))).toContain('transfer/s3/small/client.ts');
    expect([...packagesIn(atStart)].filter((one) => /^@(?:aws-sdk|smithy)\//.test(one))).toEqual([]);
    expect([...packagesIn(later)]).not.toContain('@aws-sdk/client-s3');
  },
);

it.each(['open', 'slice', 'engine'] as const)(
  "at a cold start a function reads only zod's functions, and not the schemas with methods: %s",
  (name) => {
    const ofZod = modulesIn(bundles[name].atStart).filter((module) => module.includes('node_modules/zod/'));
    expect(ofZod).toContain('node_modules/zod/v4/mini/schemas.js');
    expect(ofZod.filter((module) => module.includes('/classic/'))).toEqual([]);
  },
);

it('a bundle contains no clients of SSO and STS, because credentials are in the environment', () => {
  const all = packagesIn([...bundles.open.atStart, ...bundles.open.later]);
  expect([...all].filter((name) => /nested-clients|credential-provider/.test(name))).toEqual([]);
});
