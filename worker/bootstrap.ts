/**
 * What the container's command runs: `node -e <this, bundled and minified at synth>`. It fetches the worker's bundle
 * from S3, checks it against the SHA-256 that the task definition carries, and starts it. So a plain Node image is
 * enough, and nothing needs Docker.
 *
 * It stands alone and stays small, since a container override and a task definition hold 64 KiB at most.
 */

import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { AwsClient } from 'aws4fetch';
import { endByItself } from './end-by-itself.ts';

// The handlers come first: as process 1 of a container, a process without one ignores SIGTERM and is killed later.
const stopping = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort());

const TRIES = 6;
/** For one answer, the bundle's last byte included. */
const TIMEOUT_MS = 60_000;
/** ECS's own address for the credentials of tasks. */
const CONTAINER_CREDENTIALS = 'http://169.254.170.2';

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** An answer or a setting that asking again doesn't change. */
class FinalError extends Error {}

async function start(): Promise<number> {
  const bundle = await patiently(fetchBundle);
  const hash = createHash('sha256').update(bundle).digest('hex');
  const wanted = needed('SLUICE_BUNDLE_SHA256');
  if (hash !== wanted) throw new FinalError(`the bundle's SHA-256 is ${hash}, the task definition says ${wanted}`);
  const folder = await mkdtemp(join(tmpdir(), 'sluice-worker-'));
  try {
    const file = join(folder, 'worker.mjs');
    await writeFile(file, bundle);
    const worker = (await import(pathToFileURL(file).href)) as { main: (stop: AbortSignal) => Promise<number> };
    // It starts its own file again, for the processes that items run in.
    return await worker.main(stopping.signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fetchBundle(signal: AbortSignal): Promise<Buffer> {
  const client = new AwsClient({ ...(await credentials(signal)), service: 's3', region: region(), retries: 0 });
  const url = bundleUrl();
  const answer = await client.fetch(url, { signal });
  if (!answer.ok) throw await failed(answer, url);
  return Buffer.from(await answer.arrayBuffer());
}

/** The bundle's URL: by bucket name on AWS, by path on any other endpoint, which has no name for each bucket. */
function bundleUrl(): string {
  const bucket = needed('SLUICE_BUNDLE_BUCKET');
  const key = needed('SLUICE_BUNDLE_KEY').split('/').map(encodeURIComponent).join('/');
  const endpoint = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  if (endpoint !== undefined) return `${endpoint.replace(/\/$/, '')}/${bucket}/${key}`;
  const domain = region().startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return `https://${bucket}.s3.${region()}.${domain}/${key}`;
}

/** The task role's credentials from ECS, else those of the environment. */
async function credentials(signal: AbortSignal): Promise<Credentials> {
  const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: relative, AWS_CONTAINER_CREDENTIALS_FULL_URI: full } = process.env;
  const url = relative === undefined ? full : CONTAINER_CREDENTIALS + relative;
  if (url === undefined) {
    return keys(needed('AWS_ACCESS_KEY_ID'), needed('AWS_SECRET_ACCESS_KEY'), process.env.AWS_SESSION_TOKEN);
  }
  const token = await authorization();
  const answer = await fetch(url, { signal, headers: token === undefined ? {} : { authorization: token } });
  if (!answer.ok) throw await failed(answer, 'the container credentials');
  const got = (await answer.json()) as { AccessKeyId: string; SecretAccessKey: string; Token?: string };
  return keys(got.AccessKeyId, got.SecretAccessKey, got.Token);
}

function keys(accessKeyId: string, secretAccessKey: string, sessionToken: string | undefined): Credentials {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

async function authorization(): Promise<string | undefined> {
  const { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file, AWS_CONTAINER_AUTHORIZATION_TOKEN: token } = process.env;
  return file === undefined ? token : (await readFile(file, 'utf8')).trim();
}

async function failed(answer: Response, what: string): Promise<Error> {
  const text = (await answer.text()).slice(0, 500);
  // 403 is asked again too: a task role's policy may take some seconds to reach everywhere.
  const final = answer.status >= 400 && answer.status < 500 && ![403, 408, 429].includes(answer.status);
  return new (final ? FinalError : Error)(`${what} answers ${answer.status}: ${text}`);
}

/** Tries a few times, over about half a minute. */
async function patiently<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work(AbortSignal.any([stopping.signal, AbortSignal.timeout(TIMEOUT_MS)]));
    } catch (error) {
      if (stopping.signal.aborted || error instanceof FinalError || tries === TRIES) throw error;
      log('WARN', 'the bundle could not be fetched and is tried again', error);
      await sleep(500 * 2 ** (tries - 1) * (0.75 + Math.random() / 2), undefined, { signal: stopping.signal });
    }
  }
}

function region(): string {
  return process.env.AWS_REGION ?? needed('AWS_DEFAULT_REGION');
}

function needed(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new FinalError(`the environment variable ${name} is not set`);
  return value;
}

/** In the form of the worker's own log lines. */
function log(level: 'INFO' | 'WARN' | 'CRITICAL', message: string, error: unknown): void {
  const { name, message: text, cause } = error as Error;
  const line = { level, message, service: 'sluice-bootstrap', timestamp: new Date().toISOString() };
  console.log(JSON.stringify({ ...line, error: { name, message: text, cause: cause && String(cause) } }));
}

start().then(
  (code) => endByItself(code),
  (error) => {
    // Stopped before there was anything to do is no error.
    const stopped = stopping.signal.aborted && !(error instanceof FinalError);
    log(stopped ? 'INFO' : 'CRITICAL', stopped ? 'stopped before the worker began' : 'the worker did not start', error);
    endByItself(stopped ? 0 : 1);
  },
);
