import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A resource that many test files use at the same time. */
export interface Shared {
  /** Test files fetch from here by name what the start has returned, as JSON. */
  readonly url: string;
  /** Stops all that has been started. */
  stop(): Promise<void>;
}

/**
 * Starts resources in vitest's own process for all test files together: each at the first request for its name, and
 * only once. A run of files that need none waits for none.
 *
 * @param start returns what the files need to know about the resource, and how to stop it.
 */
export async function share<T extends object>(
  start: (name: string) => Promise<{ readonly value: T; readonly stop: () => Promise<void> }>,
): Promise<Shared> {
  const started = new Map<string, ReturnType<typeof start>>();
  const server = createServer(async (request, response) => {
    const name = request.url?.slice(1) ?? '';
    const starting = started.get(name) ?? start(name);
    started.set(name, starting);
    try {
      const { value } = await starting;
      response.writeHead(200).end(JSON.stringify(value));
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
      for (const result of await Promise.allSettled(started.values())) {
        if (result.status === 'fulfilled') await result.value.stop();
      }
    },
  };
}

/**
 * Requests a shared resource by its name, and waits until it has started.
 *
 * @param url of the {@link Shared}.
 * @throws Error with the message of a failed start.
 */
export async function fetchShared<T>(url: string, name = ''): Promise<T> {
  const answer = await fetch(`${url}${name}`, { signal: AbortSignal.timeout(600_000) });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as T;
}
