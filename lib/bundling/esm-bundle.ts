import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';

/** A module of ours by its path without an ending: TypeScript in the repository, compiled in the npm package. */
export const ownModule = (path: string): string => `${path}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`;

/** A file that a bundle holds in place of a module. */
export const bundled = (file: string): string => fileURLToPath(new URL(`bundled/${file}`, import.meta.url));

/** The version of this repository or npm package. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

/** How everything that runs in AWS is bundled: ES modules for Node 24, the AWS SDK inside. */
export const ESM_BUNDLE = {
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  mainFields: ['module', 'main'],
  legalComments: 'none',
  alias: {
    http: bundled('http.cjs'),
    https: bundled('https.cjs'),
    'node:http': bundled('http.cjs'),
    'node:https': bundled('https.cjs'),
  },
  // undici's own name for a build without its experimental second HTTP parser, which is 160 KiB.
  define: { esbuildDetection: 'true', SLUICE_VERSION: JSON.stringify(packageVersion()) },
  // CommonJS packages in an ES module call `require` for Node's own modules.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
} as const satisfies BuildOptions;
