import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job, Sizes, SmallJob } from '../harness/lane.ts';
import type { Command } from '../harness/measure.ts';
import { PEERS_FOLDER } from '../harness/peers-folder.ts';
import type { Tool } from '../harness/tool.ts';

const S5CMD = join(PEERS_FOLDER, 'venv/bin/s5cmd');
const AWS = join(PEERS_FOLDER, 'venv/bin/aws');

/** `curl | s5cmd pipe`; many files through a folder. */
export const s5cmdPipe: Tool = {
  name: 'curl | s5cmd pipe',
  readsInParallel: false,
  takesSizes: true,
  verifies: true,
  version: () => version(S5CMD, ['version'], /^v([\d.]+)/),
  command: (job) => {
    const { connections, partMib } = job.sizes;
    const sizes = [
      ...(connections === undefined ? [] : ['--concurrency', String(connections)]),
      ...(partMib === undefined ? [] : ['--part-size', String(partMib)]),
    ];
    return pipe(job, s5cmdEnv(job), [
      ...[S5CMD, '--endpoint-url', job.endpoint, 'pipe', ...sizes],
      `s3://${job.bucket}/${job.key}`,
    ]);
  },
  smallCommand: (job) =>
    byFolder(job, s5cmdEnv(job), (folder) => [
      ...[S5CMD, '--endpoint-url', job.endpoint, '--numworkers', String(job.atOnce), 'cp'],
      ...[`${folder}/`, `s3://${job.bucket}/${job.prefix}`],
    ]),
};

/** `curl | aws s3 cp -`; many files through a folder. */
export const awsCp: Tool = {
  name: 'curl | aws s3 cp',
  readsInParallel: false,
  takesSizes: true,
  verifies: true,
  version: () => version(AWS, ['--version'], /aws-cli\/(\S+)/),
  command: (job) =>
    pipe(job, { ...job.env, ...awsSettings(job, job.sizes), ...plainParts(job) }, [
      ...[AWS, 's3', 'cp', '-', `s3://${job.bucket}/${job.key}`],
      ...['--expected-size', String(job.file.length)],
    ]),
  smallCommand: (job) =>
    byFolder(job, { ...job.env, ...awsSettings(job, { connections: job.atOnce }) }, (folder) => [
      ...[AWS, 's3', 'cp', '--recursive', '--only-show-errors', `${folder}/`, `s3://${job.bucket}/${job.prefix}`],
    ]),
};

/** The arguments contain nothing that a shell would interpret, so bash gets them unchanged. */
function pipe(job: Job, env: Command['env'], upload: readonly string[]): Command {
  const curl = ['curl', ...CURL, ...certificate(job), job.url];
  const script = `set -o pipefail; ${quoted(curl)} | ${quoted(upload)}`;
  return { file: 'bash', args: ['--norc', '-c', script], env };
}

/** Neither tool reads many files from a pipe: curl downloads them in parallel, then the folder is uploaded. */
function byFolder(job: SmallJob, env: Command['env'], upload: (folder: string) => readonly string[]): Command {
  const folder = join(job.folder, 'fetched');
  mkdirSync(folder, { recursive: true });
  const list = join(job.folder, 'curl-urls');
  writeFileSync(
    list,
    job.files
      .map(({ url, key }) => `url = "${url}"\noutput = "${join(folder, key.slice(job.prefix.length))}"\n`)
      .join(''),
  );
  const curl = [
    ...['curl', ...CURL, ...certificate(job), '--parallel', '--parallel-immediate'],
    ...['--parallel-max', String(job.atOnce), '--config', list],
  ];
  const script = `set -e; ${quoted(curl)}; ${quoted(upload(folder))} >/dev/null; rm -r ${quoted([folder])}`;
  return { file: 'bash', args: ['--norc', '-c', script], env };
}

const CURL = ['--silent', '--show-error', '--fail'];

function certificate({ caFile }: Pick<Job, 'caFile'>): string[] {
  return caFile === undefined ? [] : ['--cacert', caFile];
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
}

/** Go reads the trusted certificates from this variable. */
function s5cmdEnv({ env, caFile }: Pick<Job, 'env' | 'caFile'>): Command['env'] {
  return { ...env, ...(caFile !== undefined && { SSL_CERT_FILE: caFile }) };
}

/**
 * Over TLS the CLI puts a checksum behind each part, and versitygw refuses such a part now and then (BadRequest: "an
 * error occurred when parsing the HTTP request"), in six of nine runs of 256 MiB on a busy machine; in none of three
 * without the checksum, at the same CPU.
 */
function plainParts({ caFile }: Pick<Job, 'caFile'>): Record<string, string> {
  return caFile === undefined ? {} : { AWS_REQUEST_CHECKSUM_CALCULATION: 'when_required' };
}

/** The CLI reads sizes only from its settings file. */
function awsSettings({ folder }: Pick<Job, 'folder'>, { connections, partMib }: Sizes): Record<string, string> {
  const lines = [
    ...(connections === undefined ? [] : [`  max_concurrent_requests = ${connections}`]),
    ...(partMib === undefined ? [] : [`  multipart_chunksize = ${partMib}MB`]),
  ];
  if (lines.length === 0) return {};
  const file = join(folder, 'aws-config');
  writeFileSync(file, ['[default]', 's3 =', ...lines, ''].join('\n'));
  return { AWS_CONFIG_FILE: file };
}

async function version(binary: string, args: readonly string[], found: RegExp): Promise<string | undefined> {
  const { stdout } = spawnSync(binary, args, { encoding: 'utf8' });
  return found.exec(stdout ?? '')?.[1];
}
