import { type ChildProcess, spawn } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Screen } from '#cli/screen/screen.ts';
import { sluice } from '#cli/sluice.ts';
import type { S3Server } from './s3-server.ts';

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

/** How a command ended, and its output. */
export interface CommandEnd {
  /** 130 and the like for a signal. */
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Starts the real `sluice`, as a process. */
export function startSluice(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): { readonly child: ChildProcess; readonly ended: Promise<CommandEnd> } {
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    err += bytes.toString();
  });
  const ended = new Promise<CommandEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, out, err }));
  });
  return { child, ended };
}

/**
 * Runs a command to its end within this process, because starting a process takes half a second of CPU. Run one command
 * at a time: each has an environment of its own.
 */
export async function runSluice(args: readonly string[], env: NodeJS.ProcessEnv): Promise<CommandEnd> {
  const before = process.env;
  const [out, err] = [new PassThrough(), new PassThrough()];
  const screen = new Screen(out as unknown as NodeJS.WriteStream, err as unknown as NodeJS.WriteStream);
  const said = Promise.all([text(out), text(err)]);
  process.env = { ...env };
  try {
    const code = await sluice(args, { screen, signal: new AbortController().signal });
    out.end();
    err.end();
    const [printed, beside] = await said;
    return { code, out: printed, err: beside };
  } finally {
    process.env = before;
  }
}

/**
 * The environment of a command that needs only an S3 server: its endpoint, region and keys.
 *
 * @param folder for the command's state.
 * @param endpoint by which the command reaches the server.
 */
export function environmentFor(
  { region, credentials, ...s3 }: Pick<S3Server, 'endpoint' | 'region' | 'credentials'>,
  folder: string,
  endpoint = s3.endpoint,
): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    AWS_REGION: region,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    XDG_STATE_HOME: folder,
  };
}
