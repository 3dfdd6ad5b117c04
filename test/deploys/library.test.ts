import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployStack } from '#local/deploy.ts';
import { buildPackage } from '#release/build-package.ts';
import { deployedAws } from '#test/helpers/deployed.ts';
import { startTestAws } from '#test/helpers/embedded-aws.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EXAMPLE = join(ROOT, 'examples/own-processor');
/** For apps that don't have the settings of this repository's local run. */
const SETTINGS = {
  'gate.intervalSeconds': 1,
  'gate.attempts': 300,
  'network.restrictDefaultSecurityGroup': false,
  'sources.openRanges': ['127.0.0.0/8'],
  'sources.ports': [],
};

let aws: Awaited<ReturnType<typeof startTestAws>>;
let web: Web;
/** The files that npm has packed. */
let packed: string[];
/** The packed package. */
let tarballFile: string;
/** A copy of the example, with the packed package installed. */
let app: string;
/** How often the app's own gate check has asked the web server for a run. */
let looks = 0;

beforeAll(async () => {
  aws = await startTestAws();
  web = await startWeb(({ url = '' }, response) => {
    if (url.startsWith('/exports/')) return void response.end(JSON.stringify({ done: ++looks < 3 ? 1 : 2, total: 2 }));
    const table = url.startsWith('/stations-') ? 'station,temperature\nMunich,4.25\nBremen,7.50\n' : 'a\n\nb\nc\n';
    const html = '<article><h2>Lamp</h2><data value="4.25"></data></article>';
    response.writeHead(200, { 'content-type': 'text/plain' }).end(url === '/prices' ? html : table);
  });
  const folder = join(aws.folder, 'package');
  buildPackage(ROOT, folder);
  const [tarball] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', aws.folder], { cwd: folder, encoding: 'utf8' }),
  ) as [{ filename: string; files: { path: string }[] }];
  packed = tarball.files.map(({ path }) => path);
  tarballFile = join(aws.folder, tarball.filename);

  app = join(aws.folder, 'own-processor');
  cpSync(EXAMPLE, app, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  manifest.dependencies.sluice = `file:${tarballFile}`;
  writeFileSync(join(app, 'package.json'), JSON.stringify(manifest));
  execFileSync('npm', ['install', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], {
    cwd: app,
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 280_000,
  });
});
afterAll(async () => {
  await web?.stop();
  await aws?.stop();
});

describe('the npm package', () => {
  it('the npm package contains compiled modules, types and documents, and neither TypeScript sources nor tests', () => {
    expect(packed).toEqual(
      expect.arrayContaining([
        'package.json',
        'README.md',
        'LICENSE',
        'transfer/index.js',
        'transfer/index.d.ts',
        'lib/index.js',
        'lib/index.d.ts',
        'lib/bundling/bundled/http.cjs',
        'processors/contract/index.js',
        'processors/contract/index.d.ts',
        'cli/main.js',
        'worker/main.js',
        'worker/native/package-lock.json',
      ]),
    );
    expect(packed.filter((name) => /(?<!\.d)\.ts$/.test(name))).toEqual([]);
    expect(packed.filter((name) => /^(test|bench|local|examples|release|\.)/.test(name))).toEqual([]);
  });

  it('publint finds nothing wrong with the npm package: entries, types and files agree', async () => {
    const { messages } = await publint({ pkgDir: join(aws.folder, 'package'), strict: true });
    expect(messages.map((message) => formatMessage(message, {}))).toEqual([]);
  });

  it('attw finds the types of each entry, and the same module behind them, for imports and for bundlers', async () => {
    const result = await checkPackage(createPackageFromTarballData(readFileSync(tarballFile)));
    if (!result.types) throw new Error('the npm package has no types');
    expect(Object.keys(result.entrypoints)).toEqual(['./transfer', './constructs', './processors', './package.json']);
    // The package is ES modules only, as attw's own profile "esm-only" has it. So attw is not asked about TypeScript's
    // resolution `node10`, which reads no `exports`, and not about `require`: Node loads ES modules by `require` since
    // 20.19, the oldest version in `engines`.
    const notAsked = ['node10', 'node16-cjs'];
    const found = result.problems.filter(
      (problem) => !('resolutionKind' in problem) || !notAsked.includes(problem.resolutionKind),
    );
    expect(found).toEqual([]);
  });

  it.each(['node16', 'nodenext', 'bundler'] as const)(
    'a strict app compiles against the types of the npm package, with the resolution %s',
    (resolution) => {
      writeFileSync(
        join(app, 'engine.ts'),
        `import { type Landed, PermanentTransferError, transfer } from 'sluice/transfer';
       export const bytes = (landed: Landed): number => landed.bytes;
       export const isFinal = (error: unknown): boolean => error instanceof PermanentTransferError;
       export type Options = Parameters<typeof transfer>[2];`,
      );
      typeCheck(app, resolution, ['app.ts', 'count-lines.ts', 'engine.ts']);
    },
  );

  it("an app's own processor and its own gate check run in a deployed pipeline", async () => {
    writeFileSync(
      join(app, 'export-done.ts'),
      `export async function handler({ runId }: { runId: string }) {
         return (await fetch(\`${web.url}/exports/\${runId}\`)).json();
       }`,
    );
    const outputs = await deployStack(aws, {
      folder: join(aws.folder, 'deploy'),
      assemblies: join(aws.folder, 'assemblies'),
      app: `cd ${app} && ${process.execPath} app.ts`,
      settings: { ...SETTINGS, 'gate.checks': { 'export-done': './export-done.ts' } },
    });
    const deployed = deployedAws({ client: aws.client, requestsFile: aws.requestsFile, outputs });
    const run = await deployed.start({
      waitFor: [{ check: 'ledger' }, { check: 'lambda', function: 'export-done' }],
      sources: [{ url: `${web.url}/lines.txt`, key: 'raw/lines.txt' }],
      process: { processor: 'count-lines', options: { skipEmpty: true } },
    });
    const { status, items } = await deployed.end(run);
    expect(status).toBe('SUCCEEDED');
    expect(items).toMatchObject([{ status: 'done', result: { result: { lines: 3 } } }]);
    // The gate has waited for the check, too.
    expect(looks).toBeGreaterThanOrEqual(3);
    expect(web.requests).toContain(`GET /exports/${run.split(':').at(-1)}`);
  });

  it('the example own-scraper reads the prices of a shop into an output', async () => {
    const scraper = join(aws.folder, 'own-scraper');
    cpSync(join(ROOT, 'examples/own-scraper'), scraper, { recursive: true });
    symlinkSync(join(app, 'node_modules'), join(scraper, 'node_modules'));
    typeCheck(scraper, 'nodenext', ['app.ts', 'shop-prices.ts']);
    const outputs = await deployStack(aws, {
      folder: join(aws.folder, 'deploy-scraper'),
      assemblies: join(aws.folder, 'assemblies'),
      app: `cd ${scraper} && SHOP=${web.url} ${process.execPath} app.ts`,
      settings: SETTINGS,
    });
    const deployed = deployedAws({ client: aws.client, requestsFile: aws.requestsFile, outputs });
    const work = { processor: 'shop-prices', name: 'shop', input: { url: `${web.url}/prices` } };
    const { status, items } = await deployed.end(await deployed.start({ work: [work] }));
    expect(items[0]?.failure).toBeUndefined();
    expect(status).toBe('SUCCEEDED');
    expect(items[0]?.result).toMatchObject({ result: { pages: 1, products: 1 } });
    const lines = Buffer.from(await deployed.bytesOf(items[0]?.result?.outputs[0]?.key ?? '')).toString();
    expect(JSON.parse(lines)).toEqual({ name: 'Lamp', price: 4.25, page: `${web.url}/prices` });
  });

  it('the example nightly-parquet lands the file of yesterday by the date in its name, and converts it into the partition of that day', async () => {
    const nightly = join(aws.folder, 'nightly-parquet');
    cpSync(join(ROOT, 'examples/nightly-parquet'), nightly, { recursive: true });
    symlinkSync(join(app, 'node_modules'), join(nightly, 'node_modules'));
    typeCheck(nightly, 'nodenext', ['app.ts']);
    const outputs = await deployStack(aws, {
      folder: join(aws.folder, 'deploy-nightly'),
      assemblies: join(aws.folder, 'assemblies'),
      app: `cd ${nightly} && PUBLISHER=${web.url} ${process.execPath} app.ts`,
      settings: SETTINGS,
    });
    const deployed = deployedAws({ client: aws.client, requestsFile: aws.requestsFile, outputs });
    const backfill = ['backfill', 'stations', '--from', '2026-11-20', '--to', '2026-11-21', '--stack', 'OpenData'];
    const { code, out, err } = await deployed.sluice(...backfill);
    expect({ code, err }, out).toMatchObject({ code: 0 });
    expect(web.requests).toContain('GET /stations-2026-11-19.csv');
    const { Contents = [] } = await deployed.store.client.send(
      new ListObjectsV2Command({ Bucket: deployed.store.bucket, Prefix: 'tables/stations/day=2026-11-19/' }),
    );
    expect(Contents.map(({ Key = '' }) => Key)).toContainEqual(expect.stringMatching(/\.parquet$/));
  });

  it('synth refuses a module without the processor, with the name of the setting', () => {
    const synth = () =>
      execFileSync(process.execPath, ['app.ts'], {
        cwd: app,
        encoding: 'utf8',
        stdio: ['ignore', 'ignore', 'pipe'],
        env: {
          ...process.env,
          CDK_CONTEXT_JSON: JSON.stringify({
            'sluice.workers.processors': { other: 'count-lines.ts', none: 'none.ts' },
          }),
        },
      });
    expect(synth).toThrow(/workers\.processors\.none: there is no file none\.ts/);
  });
});

/** Compiles files of an app in the strictest mode, as its own build would. */
function typeCheck(folder: string, resolution: 'node16' | 'nodenext' | 'bundler', files: readonly string[]): void {
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  for (const name of ['@types/node', 'undici-types']) {
    const target = join(folder, 'node_modules', name);
    if (!existsSync(target)) symlinkSync(join(ROOT, 'node_modules', name), target);
  }
  const config = join(folder, `tsconfig.${resolution}.json`);
  const compilerOptions = {
    module: resolution === 'bundler' ? 'esnext' : resolution,
    moduleResolution: resolution,
    target: 'es2022',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    types: ['node'],
  };
  writeFileSync(config, JSON.stringify({ compilerOptions, files }));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  try {
    execFileSync(process.execPath, [tsc, '-p', config], { encoding: 'utf8', timeout: 180_000 });
  } catch (error) {
    throw new Error(`${folder} does not compile:\n${(error as { stdout?: string }).stdout}`);
  }
}
