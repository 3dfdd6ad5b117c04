import type { Metafile } from 'esbuild';
import { bundleLambdas } from '#lib/bundling/lambda-bundles.ts';
import { temporaryFolder } from '#lib/bundling/temporary-folder.ts';
import { buildWorkerBundle } from '#lib/bundling/worker-bundle.ts';
import { lambdaEntries } from '#lib/functions/lambda-entries.ts';

/** The parts of one bundle, in bytes after minification. */
export interface BundleBytes {
  /** The files that Node reads at a cold start. */
  readonly atStart: number;
  /** The files that an `import()` reads at its first use, if ever. */
  readonly later: number;
  /** By npm package, the largest first. `sluice` is the code of this repository. */
  readonly packages: Readonly<Record<string, number>>;
}

type Output = Metafile['outputs'][string];

/** The bundles of all functions and of the worker, as they are deployed, by name. */
export function bundleBytes(): Record<string, BundleBytes> {
  const lambdas = Object.entries(bundleLambdas(lambdaEntries())).map(
    ([name, { atStart, later }]) => [name, bytesOf(atStart, later)] as const,
  );
  const worker = buildWorkerBundle(temporaryFolder('sluice-bundles'));
  return Object.fromEntries([...lambdas, ['worker', bytesOf([worker.output], [])]]);
}

function bytesOf(atStart: readonly Output[], later: readonly Output[]): BundleBytes {
  const packages = new Map<string, number>();
  for (const { inputs } of [...atStart, ...later]) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const name = packageOf(path);
      packages.set(name, (packages.get(name) ?? 0) + bytesInOutput);
    }
  }
  const largestFirst = [...packages].filter(([, bytes]) => bytes > 0).sort(([, one], [, other]) => other - one);
  return { atStart: sumOf(atStart), later: sumOf(later), packages: Object.fromEntries(largestFirst) };
}

const sumOf = (outputs: readonly Output[]): number => outputs.reduce((sum, { bytes }) => sum + bytes, 0);

/** `node_modules/a/node_modules/@b/c/index.js` belongs to `@b/c`. */
const packageOf = (path: string): string => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? 'sluice';
