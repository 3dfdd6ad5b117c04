import { execFileSync } from 'node:child_process';
import type { Job } from '../harness/lane.ts';
import type { Command } from '../harness/measure.ts';
import { SHIPPED } from '../harness/shipped.ts';
import type { Tool } from '../harness/tool.ts';
import { bundleTool } from './bundle-tool.ts';
import type { SluiceInput, SluiceStep } from './sluice-process.ts';

const MIB = 1_048_576;

/** The engine of this repository, bundled like the Lambdas. */
export interface SluiceTool extends Tool {
  /** One step of a transfer in slices. */
  step(job: Job, todo: SluiceStep): Command;
}

/** Bundles the engine. The bundle is deleted when the process ends. */
export async function sluiceTool(): Promise<SluiceTool> {
  const bundle = await bundleTool('sluice-process.ts', true);
  const run = (ends: Pick<Job, 'bucket' | 'caFile' | 'env'>, more: Omit<SluiceInput, 'bucket' | 'caFile'>): Command => {
    const { bucket, caFile, env } = ends;
    const input: SluiceInput = { bucket, caFile, ...more };
    return { file: process.execPath, args: [bundle], env, stdin: JSON.stringify(input) };
  };
  const step = (job: Job, todo: SluiceStep) => {
    const { url, key, sizes } = job;
    return run(job, {
      files: [{ url, key }],
      atOnce: 1,
      connections: sizes.connections ?? SHIPPED.connections,
      bufferBytes: SHIPPED.bufferMiB * MIB,
      partBytes: sizes.partMib === undefined ? undefined : sizes.partMib * MIB,
      todo,
    });
  };
  return {
    name: 'sluice',
    readsInParallel: true,
    takesSizes: true,
    verifies: true,
    version: async () => gitVersion(),
    command: (job) => step(job, { step: 'transfer' }),
    smallCommand: (job) =>
      run(job, {
        files: job.files.map(({ url, key }) => ({ url, key })),
        atOnce: job.atOnce,
        connections: SHIPPED.connections,
        bufferBytes: SHIPPED.bufferMiB * MIB,
        partBytes: undefined,
        todo: { step: 'transfer' },
      }),
    step,
  };
}

function gitVersion(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', 'transfer') !== '';
  return `${git('rev-parse', '--short', 'HEAD')}${changed ? ' with changes' : ''}`;
}
