import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const app = fileURLToPath(new URL('../../bin/sluice.ts', import.meta.url));
let outdir: string;

beforeAll(async () => {
  outdir = await mkdtemp(join(tmpdir(), 'sluice-app-'));
});
afterAll(() => rm(outdir, { recursive: true, force: true }));

/** The app as `cdk` runs it: context by a variable, and the exit code and the standard error that a person sees. */
function run(context: Record<string, unknown>): Promise<{ code: number; stderr: string }> {
  const env = {
    ...process.env,
    CDK_OUTDIR: outdir,
    CDK_CONTEXT_JSON: JSON.stringify(context),
    CDK_VALIDATION: 'false',
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [app], { env }, (error, _, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stderr }),
    );
  });
}

describe('the app', () => {
  // The end-to-end tests deploy what the app synthesises.
  it('the app synthesises with the functions and the worker of this repository', { tags: ['heavy'] }, async () => {
    expect(await run({ sluice: { stackName: 'Tried' } })).toEqual({ code: 0, stderr: '' });
    expect(await readdir(outdir)).toContain('Tried.template.json');
  });

  it('the app stops at bad settings with their names, without a stack trace', async () => {
    const { code, stderr } = await run({ 'sluice.gate.attempts': '0', 'sluice.gates': '1' });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toEqual([
      'bad-setting: 2 settings need another value:',
      '- gate.attempts: takes a whole number from 1 to 8000, got 0',
      expect.stringContaining('- gates: there is no such setting; the settings here are stackName, gate,'),
      expect.stringContaining('docs/settings.md'),
      '  → correct cdk.json or the -c options (docs/settings.md)',
      '  docs/errors.md#bad-setting',
    ]);
  });
});
