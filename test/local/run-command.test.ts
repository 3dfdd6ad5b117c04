import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCommand } from '#local/run-command.ts';

it('a command that does not end is ended at its limit, with what it printed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-run-command-'));
  try {
    const running = runCommand('sh', ['-c', 'echo half way; sleep 600'], {
      cwd: folder,
      env: process.env,
      logFile: join(folder, 'log'),
      limitSeconds: 3,
    });
    await expect(running).rejects.toThrow(/ended with a limit of 3 s[\s\S]*half way/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
