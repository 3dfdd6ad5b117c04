// @module-tag heavy

import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

const MODULE = new URL('../../../run/landing/peak-memory.ts', import.meta.url).href;
const REPORT = `import { peakMemoryMiB } from ${JSON.stringify(MODULE)}; console.log(peakMemoryMiB());`;

/**
 * A parent of so many MiB that starts a reporting process. What Python's subprocess does is what the embedded AWS does.
 */
const PARENT = `
import subprocess, sys
ballast = bytearray(600 * 1024 * 1024)
for page in range(0, len(ballast), 4096): ballast[page] = 1
sys.stdout.write(subprocess.run(sys.argv[1:], capture_output=True, text=True).stdout)`;

describe.runIf(process.platform === 'linux')('peakMemoryMiB', () => {
  it("the peak memory is the process's own, however large its parent is", () => {
    const args = ['-c', PARENT, process.execPath, '--input-type=module', '-e', REPORT];
    const peak = Number(spawnSync('python3', args, { encoding: 'utf8' }).stdout);
    expect(peak).toBeGreaterThan(20);
    expect(peak).toBeLessThan(300);
  });

  it('the peak memory grows with the memory that the process has used', () => {
    const grow = `const held = Buffer.alloc(200 * 1024 * 1024, 1); ${REPORT}`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', grow], { encoding: 'utf8' });
    expect(Number(stdout)).toBeGreaterThan(200);
  });
});
