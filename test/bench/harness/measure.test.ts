import { describe, expect, it } from 'vitest';
import { CommandFailedError, measure } from '../../../bench/harness/measure.ts';

const env = { PATH: process.env.PATH ?? '' };
const node = (script: string) => ({ file: process.execPath, args: ['-e', script], env });

describe.skipIf(process.platform !== 'linux')('measuring a command', () => {
  it('a measured command includes memory and CPU of the processes that it starts', async () => {
    const held = 'const held = Buffer.alloc(300 * 1048576, 1); const end = Date.now() + 300; while (Date.now() < end);';
    const inner = `${held} process.stdout.write(String(held.length))`;
    const outer = `console.log(require('node:child_process').execFileSync(process.execPath, ['-e', ${JSON.stringify(inner)}]).toString())`;
    const { cost, output } = await measure(node(outer));
    expect(Number(output)).toBe(300 * 1_048_576);
    expect(cost.peakMib).toBeGreaterThan(300);
    // The inner process alone is busy for 0.3 s; on a busy machine it gets only a part of that time.
    expect(cost.userSeconds + cost.systemSeconds).toBeGreaterThan(0.05);
  });

  it('a measured command receives standard input, and its failure contains its output', async () => {
    const { output } = await measure({ ...node('process.stdin.pipe(process.stdout)'), stdin: 'to and fro' });
    expect(output).toBe('to and fro');
    const failing = measure(node('console.error("no such thing"); process.exit(3)'));
    await expect(failing).rejects.toThrow(CommandFailedError);
    await expect(failing).rejects.toThrow('no such thing');
  });
});
