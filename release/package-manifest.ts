import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The modules that users may import, by the path after the package's name. Everything else is private. */
export const PUBLIC_ENTRIES = {
  './transfer': 'transfer/index.ts',
  './constructs': 'lib/index.ts',
  './processors': 'processors/contract/index.ts',
} as const;

/** Users' own apps bring these packages, so that there is one copy of each. A user of only the engine needs neither. */
const PEERS = ['aws-cdk-lib', 'constructs'];
/** Tools of the repository that the constructs need at synth. */
const TOOLS_AT_SYNTH = ['esbuild'];

interface Manifest {
  readonly version: string;
  readonly description: string;
  readonly license: string;
  /** npm compares it with the repository that a statement of provenance names. The release workflow sets it. */
  readonly repository?: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** The package.json of the npm package, made from the repository's. */
export function packageManifest(repository: string): Record<string, unknown> {
  const ours = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as Manifest;
  const dependencies = Object.entries(ours.dependencies).filter(([name]) => !PEERS.includes(name));
  const tools = TOOLS_AT_SYNTH.map((name) => [name, ours.devDependencies[name]] as const);
  return {
    name: 'sluice',
    version: ours.version,
    description: ours.description,
    license: ours.license,
    ...(ours.repository && { repository: ours.repository }),
    type: 'module',
    engines: { node: '>=20.19' },
    // A bundler keeps what this module changes in zod.
    sideEffects: ['./net/zod.js'],
    exports: {
      ...Object.fromEntries(
        Object.entries(PUBLIC_ENTRIES).map(([path, entry]) => [
          path,
          { types: `./${entry.replace(/\.ts$/, '.d.ts')}`, default: `./${entry.replace(/\.ts$/, '.js')}` },
        ]),
      ),
      './package.json': './package.json',
    },
    bin: { sluice: 'cli/main.js' },
    dependencies: Object.fromEntries([...dependencies, ...tools].sort(([one], [other]) => (one < other ? -1 : 1))),
    peerDependencies: Object.fromEntries(PEERS.map((name) => [name, `^${ours.dependencies[name]}`])),
    peerDependenciesMeta: Object.fromEntries(PEERS.map((name) => [name, { optional: true }])),
    // The image of the workers has this version. It is not installed.
    devDependencies: { node: ours.devDependencies.node },
  };
}
