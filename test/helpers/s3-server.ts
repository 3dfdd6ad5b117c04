import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ListBucketsCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { startTestAws } from '#test/helpers/embedded-aws.ts';
import { withSmallClient } from '#test/helpers/small-s3-client.ts';
import type { Certificate } from '#test/helpers/source/certificate.ts';

export type S3Kind = 'versitygw' | 'embedded';

export interface S3ServerOptions {
  /**
   * @default the environment's SLUICE_TEST_S3, else versitygw where it is installed, else the embedded AWS.
   */
  readonly kind?: S3Kind;
  /** HTTPS with this certificate; versitygw only. */
  readonly tls?: Certificate;
}

/** An S3 server for one test file, empty at the start. */
export interface S3Server extends AsyncDisposable {
  readonly kind: S3Kind;
  /** Such as `http://127.0.0.1:40123`. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly client: S3Client;
  /** The server's process, for its CPU time and memory; undefined for the embedded one. */
  readonly pid: number | undefined;
  /** A client for another route to this server (a fault proxy) or with other settings. `stop` destroys it. */
  clientFor(endpoint: string, config?: S3ClientConfig): S3Client;
  /** Ends the server and removes what it stored. */
  stop(): Promise<void>;
}

/**
 * Starts an S3 server on a free port: versitygw with a temporary folder if it is installed
 * (`test/helpers/install-s3-server.sh`), otherwise the embedded AWS, which keeps objects in memory and accepts only
 * small ones.
 *
 * @throws Error if the requested kind isn't installed or doesn't start.
 */
export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const found = findVersitygw();
  const kind = options.kind ?? kindFromEnvironment() ?? (found ? 'versitygw' : 'embedded');
  if (kind === 'embedded') {
    if (options.tls) throw new Error('the embedded AWS speaks no TLS: run test/helpers/install-s3-server.sh');
    return startEmbedded();
  }
  if (!found) throw new Error('versitygw is not installed: run test/helpers/install-s3-server.sh (it needs go)');
  for (let attempt = 1; ; attempt++) {
    try {
      return await startVersitygw(found, options.tls);
    } catch (error) {
      // Between `freePort` and the start, a connection of another process may have got this port.
      if (attempt === 5 || !/address already in use/.test(String(error))) throw error;
    }
  }
}

/** Where versitygw is, on the PATH or in Go's bin folder. */
export function findVersitygw(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  try {
    const [bin = '', path = ''] = execFileSync('go', ['env', 'GOBIN', 'GOPATH'], { encoding: 'utf8' }).split('\n');
    folders.push(bin || join(path, 'bin'));
  } catch {
    // Without go there is only the PATH.
  }
  return folders.map((folder) => join(folder, 'versitygw')).find(isExecutable);
}

async function startVersitygw(binary: string, tls: Certificate | undefined): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-s3-'));
  const port = await freePort();
  const credentials = { accessKeyId: 'sluice-test', secretAccessKey: 'sluice-test-secret' };
  const certificate: string[] = [];
  if (tls) {
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    await Promise.all([writeFile(cert, tls.cert), writeFile(key, tls.key)]);
    certificate.push('--cert', cert, '--key', key);
  }
  const [buckets, metadata] = [join(folder, 'buckets'), join(folder, 'metadata')];
  await Promise.all([mkdir(buckets), mkdir(metadata)]);
  const child = spawn(
    binary,
    // Without --keep-alive it closes the connection after each answer. Without --sidecar it keeps metadata in extended
    // attributes, which on ext4 hold 4 KiB: Complete of more than some 500 parts then fails with InternalError.
    [
      ...['--quiet', '--keep-alive', '--port', `127.0.0.1:${port}`, ...certificate],
      ...['posix', '--sidecar', metadata, buckets],
    ],
    {
      env: { ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let complaints = '';
  child.stderr.on('data', (bytes: Buffer) => {
    complaints = (complaints + bytes.toString()).slice(-4000);
  });
  // For a process that ends without stopping the server: nothing can be awaited then, and the stored data may be
  // gigabytes.
  const kill = () => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', kill);
  const clients = new Set<S3Client>();
  const stop = async () => {
    for (const client of clients) client.destroy();
    child.kill();
    await ended(child);
    process.off('exit', kill);
    await rm(folder, { recursive: true, force: true });
  };
  const server = serverAt({
    kind: 'versitygw',
    endpoint: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    credentials,
    pid: child.pid,
    ca: tls?.cert,
    clients,
    stop,
  });
  try {
    await ready(server, child);
  } catch (error) {
    await stop();
    throw new Error(`versitygw did not come up: ${complaints || 'it said nothing'}`, { cause: error });
  }
  return server;
}

async function startEmbedded(): Promise<S3Server> {
  const aws = await startTestAws();
  const clients = new Set<S3Client>();
  const stop = async () => {
    for (const client of clients) client.destroy();
    await aws.stop();
  };
  const { endpoint } = aws;
  const { credentials } = aws.client;
  return serverAt({ kind: 'embedded', endpoint, credentials, pid: undefined, ca: undefined, clients, stop });
}

function serverAt(
  parts: Pick<S3Server, 'kind' | 'endpoint' | 'credentials' | 'pid' | 'stop'> & {
    ca: string | undefined;
    clients: Set<S3Client>;
  },
): S3Server {
  const { ca, clients, ...rest } = parts;
  const region = 'us-east-1';
  const clientFor = (endpoint: string, config: S3ClientConfig = {}) => {
    const settings = {
      endpoint,
      region,
      credentials: rest.credentials,
      forcePathStyle: true,
      ...(ca ? { requestHandler: { httpsAgent: { ca, keepAlive: true } } } : {}),
      ...config,
    };
    const client = new S3Client(settings);
    clients.add(client);
    return process.env.SLUICE_TEST_S3_CLIENT === 'small' ? withSmallClient(client, settings) : client;
  };
  return { ...rest, region, client: clientFor(rest.endpoint), clientFor, [Symbol.asyncDispose]: rest.stop };
}

async function ready(server: S3Server, child: ChildProcess): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    if (child.exitCode !== null) throw new Error(`it ended with exit code ${child.exitCode}`);
    try {
      await server.client.send(new ListBucketsCommand({}), { requestTimeout: 2000 });
      return;
    } catch (error) {
      if (attempt === 100) throw error;
      await sleep(100);
    }
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.once('exit', resolve));
}

function kindFromEnvironment(): S3Kind | undefined {
  const kind = process.env.SLUICE_TEST_S3;
  if (kind === undefined || kind === '') return undefined;
  if (kind === 'versitygw' || kind === 'embedded') return kind;
  throw new Error(`SLUICE_TEST_S3 is ${JSON.stringify(kind)}; it takes versitygw or embedded`);
}

/** Returns a port of the loopback interface on which nothing listens, for servers that can't choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
