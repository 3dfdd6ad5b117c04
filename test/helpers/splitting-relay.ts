import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

export interface SplittingRelay extends AsyncDisposable {
  readonly port: number;
}

/**
 * Stands in front of a server and passes on what it sends in pieces of given sizes: one write and one turn of the event
 * loop each, so that a client in the same process reads them one by one.
 *
 * @param sizes of the pieces of each connection, from its first byte on; later bytes pass unchanged.
 */
export async function startSplittingRelay(target: string, sizes: readonly number[]): Promise<SplittingRelay> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  const relay = createServer({ noDelay: true }, (client) => {
    const server = connect({ host: hostname, port: Number(port), noDelay: true });
    const ends = [client, server];
    for (const end of ends) {
      open.add(end);
      end.on('error', () => {});
      end.on('close', () => {
        open.delete(end);
        for (const other of ends) other.destroy();
      });
    }
    client.on('data', (bytes) => server.write(bytes));
    handOn(server, client, [...sizes]).catch(() => client.destroy());
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  return {
    port: (relay.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => relay.close(resolve));
    },
  };
}

async function handOn(from: Socket, to: Socket, sizes: number[]): Promise<void> {
  for await (const piece of from) {
    let bytes = piece as Buffer;
    while (bytes.length > 0) {
      const [size = bytes.length] = sizes;
      const now = bytes.subarray(0, size);
      to.write(now);
      await turn();
      bytes = bytes.subarray(now.length);
      if (now.length === size) sizes.shift();
      else sizes[0] = size - now.length;
    }
  }
  to.end();
}
