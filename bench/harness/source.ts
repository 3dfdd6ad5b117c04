import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Certificate, SourceServerOptions } from '#test/helpers/source-server.ts';
import { findNginx, startNginx } from './nginx.ts';
import { type FileSpec, writeSourceFiles } from './source-files.ts';

export interface SourceCounts {
  readonly origin: string;
  readonly requests: number;
  readonly connections: { readonly accepted: number; readonly open: number };
  /** Bytes of the file that were sent at least once, and bytes that were sent again. */
  readonly once: number;
  readonly again: number;
}

export interface BenchSource {
  /** Without a slash at the end. */
  readonly origin: string;
  /** The counts of the Node server; nginx counts nothing. */
  counts?(): Promise<SourceCounts>;
  stop(): Promise<void>;
}

export interface BenchSourceOptions {
  readonly files: readonly FileSpec[];
  readonly tls: Certificate | undefined;
  /** By a token bucket for each connection, which only the Node server has. */
  readonly bytesPerSecondPerConnection: number | undefined;
  /** Use the Node server even if nginx is installed. */
  readonly counted: boolean;
  /** For what a server writes. */
  readonly folder: string;
}

/**
 * Starts a source in its own process: nginx if it is installed and supports the options; otherwise the tests' server.
 */
export async function startSource(options: BenchSourceOptions): Promise<BenchSource> {
  const { files, tls, bytesPerSecondPerConnection, counted, folder } = options;
  const nginx = counted || bytesPerSecondPerConnection !== undefined ? undefined : findNginx();
  if (nginx) return startNginx(nginx, { root: await writeSourceFiles(files), folder, tls });

  const server: SourceServerOptions = {
    files: Object.fromEntries(files.map(({ path, seed, length }) => [path, { seed, length }])),
    ...(tls && { tls }),
    ...(bytesPerSecondPerConnection !== undefined && { bytesPerSecondPerConnection }),
  };
  const child = fork(fileURLToPath(new URL('source-process.ts', import.meta.url)));
  const ask = (message: unknown) =>
    new Promise<SourceCounts>((resolve, reject) => {
      const onExit = () => reject(new Error('the source process has ended'));
      child.once('exit', onExit).once('message', (answer) => {
        child.off('exit', onExit);
        resolve(answer as SourceCounts);
      });
      child.send(message as object);
    });
  const { origin } = await ask(server);
  return { origin, counts: () => ask('counts'), stop: async () => void child.kill() };
}
