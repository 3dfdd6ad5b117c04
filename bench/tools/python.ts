import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Job } from '../harness/lane.ts';
import type { Command } from '../harness/measure.ts';
import { PEERS_FOLDER } from '../harness/peers-folder.ts';
import type { Tool } from '../harness/tool.ts';

const PYTHON = join(PEERS_FOLDER, 'venv/bin/python');

export const boto3UploadFileobj = pythonTool('boto3 upload_fileobj', 'boto3', true);
export const s3transferCrt = pythonTool('s3transfer on awscrt', 'awscrt', false);
export const smartOpen = pythonTool('smart_open', 'smart_open', false);

/** A program of `python/`, named as the package whose version is stated. */
function pythonTool(name: string, module: string, takesSizes: boolean): Tool {
  const program = fileURLToPath(new URL(`python/with_${module}.py`, import.meta.url));
  const run = ({ env, caFile }: Pick<Job, 'env' | 'caFile'>, input: object): Command => ({
    file: PYTHON,
    args: [program],
    env: { ...env, ...(caFile !== undefined && { REQUESTS_CA_BUNDLE: caFile }) },
    stdin: JSON.stringify({ caFile, ...input }),
  });
  return {
    name,
    readsInParallel: false,
    takesSizes,
    verifies: true,
    version: async () => {
      const script = `import importlib.metadata as m; print(m.version('${module}'))`;
      return spawnSync(PYTHON, ['-c', script], { encoding: 'utf8' }).stdout?.trim() || undefined;
    },
    command: (job) => {
      const { bucket, url, key, sizes, endpoint } = job;
      return run(job, { bucket, endpoint, url, key, ...sizes });
    },
    smallCommand: (job) => {
      const { bucket, endpoint, atOnce } = job;
      return run(job, { bucket, endpoint, atOnce, files: job.files.map(({ url, key }) => ({ url, key })) });
    },
  };
}
