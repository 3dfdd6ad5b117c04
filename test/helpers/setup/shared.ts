import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Something that many test files use at once. */
export interface Shared {
  /** The test files fetch from here what the start has returned, as JSON. */
  readonly url: string;
  /** Stops what has been started, if anything has. */
  stop(): Promise<void>;
}

/**
 * Starts something in vitest's own process for all test files together: at their first request, and once. A run of a
 * file that doesn't need it doesn't wait for it.
 *
 * @param start returns what the files need to know of it, and how to stop it.
 */
export async function share<T extends object>(
  start: () => Promise<{ readonly value: T; readonly stop: () => Promise<void> }>,
): Promise<Shared> {
  let started: ReturnType<typeof start> | undefined;
  const server = createServer(async (_request, response) => {
    started ??= start();
    try {
      response.writeHead(200).end(JSON.stringify((await started).value));
    } catch (error) {
      response.writeHead(500).end(error instanceof Error ? error.message : String(error));
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await started?.then(({ stop }) => stop()).catch(() => undefined);
    },
  };
}

/**
 * Asks for what is shared, and waits until it has started.
 *
 * @throws Error with the message of a start that failed.
 */
export async function fetchShared<T>(url: string): Promise<T> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(300_000) });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as T;
}
