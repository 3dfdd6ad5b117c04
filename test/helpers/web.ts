import { createHash } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A web server of a test, on the loopback interface. */
export interface Web {
  readonly url: string;
  /** Requests so far, as `GET /path`. */
  readonly requests: readonly string[];
  stop(): Promise<void>;
}

/** Serves by a listener of `node:http` until it is stopped. */
export async function startWeb(listener: RequestListener): Promise<Web> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A small CSV file that differs by name: the same name gives the same bytes. */
export function csvNamed(name: string): string {
  const rows = Array.from(
    { length: 20 },
    (_, n) =>
      `${n},${createHash('md5')
        .update(name + n)
        .digest('hex')}`,
  );
  return `id,value\n${rows.join('\n')}\n`;
}
