import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface RawServer extends AsyncDisposable {
  readonly url: string;
  readonly accepted: number;
  /** Connections that are open now. */
  readonly open: number;
}

/**
 * A server that sends exactly the bytes of a test.
 *
 * @param serve is called for each request; the numbers count connections and their requests, from 1; the text is the
 * request's.
 */
export async function startRawServer(
  serve: (socket: Socket, connection: number, request: number, text: string) => void,
): Promise<RawServer> {
  const open = new Set<Socket>();
  let accepted = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    const connection = ++accepted;
    let requests = 0;
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    socket.on('data', (bytes) => {
      if (bytes.includes('\r\n\r\n')) serve(socket, connection, ++requests, bytes.toString('latin1'));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`,
    get accepted() {
      return accepted;
    },
    get open() {
      return open.size;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
