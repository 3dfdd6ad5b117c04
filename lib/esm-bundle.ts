import type { BuildOptions } from 'esbuild';

/** How everything that runs in AWS is bundled: one ES module for Node 24, the AWS SDK inside. */
export const ESM_BUNDLE = {
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  mainFields: ['module', 'main'],
  legalComments: 'none',
  // CommonJS packages in an ES module call `require` for Node's own modules.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
} as const satisfies BuildOptions;
