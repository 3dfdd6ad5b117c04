import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job, SmallJob } from '../harness/lane.ts';
import { PEERS_FOLDER } from '../harness/peers-folder.ts';
import type { Tool } from '../harness/tool.ts';

const RCLONE = join(PEERS_FOLDER, 'bin/rclone');

/** `rclone copyurl`: one GET, whose body is cut into parts. */
export const rcloneCopyurl: Tool = {
  name: 'rclone copyurl',
  readsInParallel: false,
  takesSizes: true,
  verifies: true,
  version,
  command: (job) => {
    const { connections } = job.sizes;
    const sizes = connections === undefined ? [] : ['--s3-upload-concurrency', String(connections)];
    return {
      file: RCLONE,
      args: ['copyurl', job.url, `:s3:${job.bucket}/${job.key}`, ...s3(job), ...chunk(job), ...sizes],
      env: job.env,
    };
  },
  smallCommand: (job) => {
    const list = join(job.folder, 'rclone-urls.csv');
    writeFileSync(list, job.files.map(({ url, key }) => `${url},${key.slice(job.prefix.length)}\n`).join(''));
    return {
      file: RCLONE,
      args: [
        ...['copyurl', '--urls', list, `:s3:${job.bucket}/${job.prefix}`],
        ...[...s3(job), '--transfers', String(job.atOnce)],
      ],
      env: job.env,
    };
  },
};

/** `rclone copyto` from its http backend: ranged GETs in several streams. */
export const rcloneCopyto: Tool = {
  name: 'rclone copyto',
  readsInParallel: true,
  takesSizes: true,
  verifies: true,
  version,
  command: (job) => {
    const { connections } = job.sizes;
    const streams = connections === undefined ? [] : ['--multi-thread-streams', String(connections)];
    return { file: RCLONE, args: [...copyto(job), ...chunk(job), ...streams], env: job.env };
  },
};

/**
 * The same with one GET and one PUT, which its settings allow up to S3's 5 GiB. This is the cheapest way: it has no
 * parts, so it can't be resumed, and no checksum of the sent bytes, because the source names none.
 */
export const rcloneOnePut: Tool = {
  name: 'rclone copyto, one PUT',
  readsInParallel: false,
  takesSizes: false,
  verifies: false,
  version,
  command: (job) => ({
    file: RCLONE,
    args: [...copyto(job), '--multi-thread-streams', '0', '--s3-upload-cutoff', '5Gi'],
    env: job.env,
  }),
};

function copyto(job: Job): string[] {
  const { origin, pathname } = new URL(job.url);
  return [
    ...['copyto', `:http:${pathname.slice(1)}`, `:s3:${job.bucket}/${job.key}`, '--http-url', origin],
    ...s3(job),
  ];
}

/** Without a settings file. A check of the bucket would be one request more than the other tools send. */
function s3({ endpoint, env, caFile }: Pick<Job | SmallJob, 'endpoint' | 'env' | 'caFile'>): string[] {
  return [
    ...['--config', '', '--s3-provider', 'Other', '--s3-env-auth', '--s3-endpoint', endpoint],
    ...['--s3-region', env.AWS_REGION ?? '', '--s3-no-check-bucket'],
    ...(caFile === undefined ? [] : ['--ca-cert', caFile]),
  ];
}

function chunk({ sizes }: Job): string[] {
  return sizes.partMib === undefined ? [] : ['--s3-chunk-size', `${sizes.partMib}Mi`];
}

async function version(): Promise<string | undefined> {
  const { stdout } = spawnSync(RCLONE, ['version'], { encoding: 'utf8' });
  return /^rclone v([\d.]+)/m.exec(stdout ?? '')?.[1];
}
