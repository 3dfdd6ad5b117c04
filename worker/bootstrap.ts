/**
 * The container's command: `node -e <this file, bundled and minified at synth>`. It downloads the worker's bundle from
 * S3, compares it with the SHA-256 in the task definition, and starts it. So a plain Node image is enough, and nothing
 * needs Docker.
 *
 * It imports none of our modules and stays small, because a container override and a task definition can contain at
 * most 64 KiB.
 */

import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { AwsClient } from 'aws4fetch';
import { endByItself } from './end-by-itself.ts';

// The handlers are installed first: process 1 of a container ignores SIGTERM if it has no handler, and is killed later.
const stopping = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort());

const TRIES = 6;
/** The time limit for one answer, to the last byte of the bundle. */
const TIMEOUT_MS = 60_000;
/** ECS serves the credentials of tasks at this address. */
const CONTAINER_CREDENTIALS = 'http://169.254.170.2';

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Another attempt can't change the answer or the setting. */
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
    // The worker starts its own file again, for the processes in which items run.
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

/**
 * Returns the bundle's URL: with the bucket in the host name on AWS, in the path on any other endpoint, which has no
 * host name for each bucket.
 */
function bundleUrl(): string {
  const bucket = needed('SLUICE_BUNDLE_BUCKET');
  const key = needed('SLUICE_BUNDLE_KEY').split('/').map(encodeURIComponent).join('/');
  const endpoint = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  if (endpoint !== undefined) return `${endpoint.replace(/\/$/, '')}/${bucket}/${key}`;
  const domain = region().startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return `https://${bucket}.s3.${region()}.${domain}/${key}`;
}

/** Returns the task role's credentials from ECS, or those of the environment. */
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
  // 403 is retried too: a task role's policy may take some seconds to reach all of AWS.
  const final = answer.status >= 400 && answer.status < 500 && ![403, 408, 429].includes(answer.status);
  return new (final ? FinalError : Error)(`${what} answers ${answer.status}: ${text}`);
}

/** Makes several attempts, over about half a minute. */
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

/** Writes a line in the form of the worker's own log lines. */
function log(level: 'INFO' | 'WARN' | 'CRITICAL', message: string, error: unknown): void {
  const { name, message: text, cause } = error as Error;
  const line = { level, message, service: 'sluice-bootstrap', timestamp: new Date().toISOString() };
  console.log(JSON.stringify({ ...line, error: { name, message: text, cause: cause && String(cause) } }));
}

start().then(
  (code) => endByItself(code),
  (error) => {
    // If the worker was stopped before it did anything, this is not an error.
    const stopped = stopping.signal.aborted && !(error instanceof FinalError);
    log(stopped ? 'INFO' : 'CRITICAL', stopped ? 'stopped before the worker began' : 'the worker did not start', error);
    endByItself(stopped ? 0 : 1);
  },
);
