import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { ESM_BUNDLE } from '#lib/esm-bundle.ts';
import type { Job } from '../lane.ts';
import type { Command } from '../measure.ts';
import type { Tool } from '../tool.ts';
import type { SluiceInput, SluiceStep } from './sluice-process.ts';

/** The engine of this repository, in a bundle made as the Lambdas' are. */
export interface SluiceTool extends Tool {
  /** One step of a transfer in slices. */
  step(job: Job, todo: SluiceStep): Command;
}

/** Bundles the engine. The bundle is gone when the process ends. */
export async function sluiceTool(): Promise<SluiceTool> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-bundle-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const bundle = join(folder, 'sluice.mjs');
  const entry = fileURLToPath(new URL('sluice-process.ts', import.meta.url));
  await build({ ...ESM_BUNDLE, entryPoints: [entry], outfile: bundle, logLevel: 'error' });

  const step = (job: Job, todo: SluiceStep): Command => {
    const { url, caFile, bucket, key, connections } = job;
    const input: SluiceInput = { url, caFile, bucket, key, connections, todo };
    return { file: process.execPath, args: [bundle], env: job.env, stdin: JSON.stringify(input) };
  };
  return {
    name: 'sluice',
    takesConnections: true,
    version: async () => gitVersion(),
    command: (job) => step(job, { step: 'transfer' }),
    step,
  };
}

function gitVersion(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', 'transfer') !== '';
  return `${git('rev-parse', '--short', 'HEAD')}${changed ? ' with changes' : ''}`;
}
