#!/usr/bin/env node
// This file is JavaScript: for TypeScript, Node would load its compiler in each process, 14 MiB and a tenth of a
// second, even if the compiled form of all other files is kept.
import module from 'node:module';

// Node then keeps the compiled modules, and TypeScript without its types, in the temporary folder. The next command
// starts in half the time. The cache has to be on before the other modules are loaded. Node 20 has none.
module.enableCompileCache?.();
try {
  await import('./process.ts');
} catch (error) {
  // Only the packages of a clone bring the Node that runs TypeScript. The npm package contains JavaScript.
  if (error.code !== 'ERR_UNKNOWN_FILE_EXTENSION') throw error;
  console.error(
    `In a clone of Sluice, this command needs Node 24, and this is Node ${process.versions.node}. "npm ci" installs Node 24 for it.`,
  );
  process.exitCode = 2;
}
