import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Certificate, SourceServerOptions } from '#test/helpers/source-server.ts';

/** The content of every file of the benchmark's source. */
export const SEED = 'bench';

export interface SourceCounts {
  readonly origin: string;
  readonly requests: number;
  readonly connections: { readonly accepted: number; readonly open: number };
  /** Bytes of the file sent at least once, and sent again. */
  readonly once: number;
  readonly again: number;
}

export interface BenchSource {
  urlOf(bytes: number): string;
  counts(): Promise<SourceCounts>;
  stop(): void;
}

/** Starts a source in a process of its own. Every path `/<bytes>` is a file of that length. */
export async function startSource(options: {
  readonly lengths: readonly number[];
  readonly tls: Certificate | undefined;
  readonly bytesPerSecondPerConnection: number | undefined;
}): Promise<BenchSource> {
  const { lengths, tls, bytesPerSecondPerConnection } = options;
  const server: SourceServerOptions = {
    files: Object.fromEntries(lengths.map((length) => [`/${length}`, { seed: SEED, length }])),
    ...(tls && { tls }),
    ...(bytesPerSecondPerConnection !== undefined && { bytesPerSecondPerConnection }),
  };
  const child = fork(fileURLToPath(new URL('source-process.ts', import.meta.url)), [JSON.stringify(server)]);
  const counts = () =>
    new Promise<SourceCounts>((resolve, reject) => {
      const onExit = () => reject(new Error('the source process has ended'));
      child.once('exit', onExit).once('message', (message) => {
        child.off('exit', onExit);
        resolve(message as SourceCounts);
      });
      child.send('counts');
    });
  const { origin } = await counts();
  return { urlOf: (bytes) => `${origin}/${bytes}`, counts, stop: () => void child.kill() };
}
