import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endOfChild } from '#local/end-of-child.ts';
import { reportedPort } from '#local/reported-port.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const PYTHON = join(REPOSITORY, '.sluice/venv/bin/python');
const LAUNCHER = join(REPOSITORY, 'local/embedded/launch.py');

const START_SECONDS = 60;
/** The time for its guard to kill all processes that it has started. */
const STOP_SECONDS = 10;

/** The embedded AWS could not be started. The message holds the end of its log. */
export class EmbeddedAwsError extends Error {
  override readonly name = 'EmbeddedAwsError';
}

/** A running embedded AWS. It ends at the latest when this process ends, for any reason. */
export interface EmbeddedAws {
  /** Such as `http://127.0.0.1:40123`. */
  readonly endpoint: string;
  readonly region: string;
  readonly account: string;
  /** Add these fields to the options of an AWS SDK client. */
  readonly client: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** The environment variables with which a program uses only this embedded AWS: endpoint, keys, region, no profile. */
  readonly env: Readonly<Record<string, string>>;
  /** A complete environment for a child process: the one of this process without its AWS settings, plus `env`. */
  readonly childEnv: NodeJS.ProcessEnv;
  /** The file with the requests of roles so far: `readRequests` reads it. */
  readonly requestsFile: string;
  /** Settles when the embedded AWS has ended, by `stop` or by itself. */
  readonly ended: Promise<void>;
  /**
   * Ends the server, the Lambdas' processes and the tasks, and waits until all of them have ended. It may be called
   * twice.
   */
  stop(): Promise<void>;
}

/**
 * Starts the embedded AWS: MiniStack in the Python environment that `local/install.mjs` makes, with the bridges of
 * `local/embedded/bridges.py`. Its state is in memory and begins empty. It enforces permissions as AWS does: the client
 * here has the key of the account's root, and each Lambda and task has the key of its role.
 *
 * @param options.logFile receives the emulator's output, with the logs of Lambdas; its folder is created.
 * @param options.port a fixed port of the loopback interface. @default a free one
 * @param options.redshift the stand-in for Redshift's Data API. @default there is no Redshift
 * @throws EmbeddedAwsError if it doesn't start.
 */
export async function startEmbeddedAws(options: {
  logFile: string;
  port?: number;
  redshift?: { readonly url: string; readonly token: string };
}): Promise<EmbeddedAws> {
  if (!existsSync(PYTHON)) {
    throw new EmbeddedAwsError(
      'the embedded AWS is not installed: run "node local/install.mjs" (npm start does it too)',
    );
  }
  const region = 'us-east-1';
  const account = '000000000000';
  const base = inheritedEnv();
  const requestsFile = `${options.logFile}.requests.jsonl`;
  await mkdir(dirname(options.logFile), { recursive: true });
  await rm(requestsFile, { force: true });
  const log = await open(options.logFile, 'w');
  const credentials = rootKey();
  // Lambdas and tasks inherit this environment, so it contains nothing of the person's environment.
  const launcher = spawn(PYTHON, ['-u', LAUNCHER], {
    stdio: ['pipe', 'pipe', log.fd],
    env: {
      PATH: `${dirname(process.execPath)}${delimiter}/usr/local/bin:/usr/bin:/bin`,
      LANG: 'en_US.UTF-8',
      TMPDIR: tmpdir(),
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      GATEWAY_PORT: String(options.port ?? 0),
      LOG_LEVEL: 'INFO',
      SLUICE_REQUESTS_FILE: requestsFile,
      ...(options.redshift && {
        SLUICE_REDSHIFT_URL: options.redshift.url,
        SLUICE_REDSHIFT_TOKEN: options.redshift.token,
      }),
    },
  }) as ChildProcessByStdio<Writable, Readable, null>;
  await log.close();
  // The launcher's guard has the other end of the pipe too. So the pipe closes only after all processes have ended.
  const ended = new Promise<void>((resolve) => launcher.once('close', () => resolve()));
  // Without a handler, an early death of the launcher would end this process with EPIPE.
  launcher.stdin.on('error', () => {});
  launcher.on('error', () => {});

  const stop = async () => {
    launcher.stdin.end();
    await endOfChild(launcher, ended, STOP_SECONDS);
  };

  try {
    const port = await Promise.race([
      reportedPort(launcher.stdout),
      ended.then(() => undefined),
      delay(START_SECONDS * 1_000, undefined, { ref: false }),
    ]);
    if (port === undefined) throw await failure(options.logFile);
    const endpoint = `http://127.0.0.1:${port}`;
    // The socket accepts connections before the server is ready, so this waits for an answer, not for a connection.
    const answer = await fetch(`${endpoint}/_ministack/health`, { signal: AbortSignal.timeout(START_SECONDS * 1_000) });
    await answer.body?.cancel();
    const env = {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_EC2_METADATA_DISABLED: 'true',
      // The person's own profiles must not be read, and must not redirect any request.
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      CDK_DEFAULT_ACCOUNT: account,
      CDK_DEFAULT_REGION: region,
    };
    return {
      endpoint,
      region,
      account,
      client: { endpoint, region, credentials },
      env,
      childEnv: { ...base, ...env },
      requestsFile,
      ended,
      stop,
    };
  } catch (error) {
    await stop();
    if (error instanceof EmbeddedAwsError) throw error;
    throw await failure(options.logFile, error);
  }
}

/** Returns a random key for the account's root: whoever has it may do everything, even run programs here. */
function rootKey(): { accessKeyId: string; secretAccessKey: string } {
  return {
    accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(20).toString('hex'),
  };
}

/**
 * Returns this process's environment without AWS settings, with its own `node` first on the PATH. It is for the CDK.
 */
export function inheritedEnv(): NodeJS.ProcessEnv {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_') && name !== 'NODE_OPTIONS'),
  );
  // Requests to the loopback interface must not use a proxy of the person; the CDK would use it.
  const direct = [process.env.NO_PROXY ?? process.env.no_proxy, '127.0.0.1', 'localhost'].filter(Boolean).join(',');
  return {
    ...env,
    NO_PROXY: direct,
    no_proxy: direct,
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
  };
}

async function failure(logFile: string, cause?: unknown): Promise<EmbeddedAwsError> {
  const log = await readFile(logFile, 'utf8').catch(() => '');
  const tail = log.trimEnd().split('\n').slice(-15).join('\n');
  return new EmbeddedAwsError(`the embedded AWS did not start. The end of ${logFile}:\n${tail}`, { cause });
}
