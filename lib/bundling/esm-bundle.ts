import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';
import { ownPackage } from '../own-package.ts';

/**
 * Returns the path of one of our modules, given without its ending: TypeScript in the repository, compiled in the npm
 * package.
 */
export const ownModule = (path: string): string => `${path}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`;

/** A file that replaces a module in a bundle. */
export const bundled = (file: string): string => fileURLToPath(new URL(`bundled/${file}`, import.meta.url));

/** The options for bundling all code that runs in AWS: ES modules for Node 24, the AWS SDK included. */
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
  // With this name, undici is built without its experimental second HTTP parser, which is 160 KiB.
  define: { esbuildDetection: 'true', SLUICE_VERSION: JSON.stringify(ownPackage.version) },
  // CommonJS packages in an ES module call `require` for Node's own modules.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
} as const satisfies BuildOptions;
