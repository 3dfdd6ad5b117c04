import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Gives a whole test run one temporary folder, and removes it at the end. The CDK, bundlers and killed processes leave
 * files behind that no single test can know about.
 */
export default async function setup() {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-tests-'));
  const before = process.env.TMPDIR;
  // The processes of the tests inherit it, and all that they start.
  process.env.TMPDIR = folder;
  // Tests start our scripts many times. Node then strips the types of a module and compiles it only once.
  process.env.NODE_COMPILE_CACHE = join(folder, 'compiled');
  return async () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    delete process.env.NODE_COMPILE_CACHE;
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
}
