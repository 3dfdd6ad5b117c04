import { once } from 'node:events';
import { createServer, Socket } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { type DialTarget, DialTimeoutError, dial } from '#net/dial/dial.ts';
import { SourceForbiddenError } from '#net/errors.ts';
import { SourceGuard } from '#net/guard/source-guard.ts';
import { LOOPBACK } from '../../helpers/loopback-guard.ts';
import { startSourceServer } from '../../helpers/source-server.ts';

const target = (origin: string, more: Partial<DialTarget> = {}): DialTarget => {
  const url = new URL(origin);
  return { host: url.hostname, port: Number(url.port), tls: url.protocol === 'https:', connectSeconds: 5, ...more };
};

const openRanges = ['127.0.0.0/8'];

afterEach(() => {
  vi.restoreAllMocks();
});

it('dial connects to the address that was checked, not to a later answer for the name', async () => {
  await using server = await startSourceServer();
  let asked = 0;
  const guard = new SourceGuard({ openRanges }, async () => {
    asked += 1;
    return [{ address: asked === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }];
  });
  const socket = await dial(guard, target(server.origin, { host: 'rebinding.example' }));
  expect(socket.remoteAddress).toBe('127.0.0.1');
  expect(asked).toBe(1);
  socket.destroy();
  // The next connection asks again, and is checked again.
  await expect(dial(guard, target(server.origin, { host: 'rebinding.example' }))).rejects.toThrow(SourceForbiddenError);
  expect(server.connections.accepted).toBe(1);
});

it.each([
  'localhost',
  '127.0.0.1',
  '2130706433',
  '0x7f.1',
  '0177.1',
  '127.1',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '0.0.0.0',
])('opens no connection for %s if no range is opened', async (host) => {
  await using server = await startSourceServer();
  await expect(dial(new SourceGuard(), target(server.origin, { host }))).rejects.toThrow(SourceForbiddenError);
  expect(server.connections.accepted).toBe(0);
});

it('dial sends no byte if the socket is connected to another address', async () => {
  for (const tls of [false, true]) {
    let bytes = 0;
    const closed = Promise.withResolvers<void>();
    const server = createServer((socket) => {
      socket.on('data', (chunk) => {
        bytes += chunk.length;
      });
      socket.on('error', () => undefined).on('close', () => closed.resolve());
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as { port: number };
    // What `remoteAddress` reads; the property itself can't be replaced.
    const internals = Socket.prototype as unknown as { _getpeername(): { address: string } };
    vi.spyOn(internals, '_getpeername').mockReturnValue({ address: '169.254.169.254' });
    await expect(dial(LOOPBACK, { host: '127.0.0.1', port, tls, connectSeconds: 5 })).rejects.toThrow(
      /not one of the dialled/,
    );
    vi.restoreAllMocks();
    await closed.promise;
    expect(bytes).toBe(0);
    server.close();
  }
});

it('dial checks the certificate against the host name, and sends no server name for an address', async () => {
  await using server = await startSourceServer({ tls: true });
  const { ca } = server;
  const elsewhere = new SourceGuard({ openRanges }, async () => [{ address: '127.0.0.1', family: 4 }]);
  const named = await dial(LOOPBACK, target(server.origin, { host: 'localhost', ca }));
  expect((named as unknown as { servername: string }).servername).toBe('localhost');
  named.destroy();
  const byAddress = await dial(LOOPBACK, target(server.origin, { ca }));
  expect((byAddress as unknown as { servername: string | false }).servername).toBeFalsy();
  byAddress.destroy();
  await expect(dial(elsewhere, target(server.origin, { host: 'other.example', ca }))).rejects.toMatchObject({
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
  await expect(dial(LOOPBACK, target(server.origin))).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
});

it('dial ends in time if a resolver or a handshake hangs, and if its signal aborts', async () => {
  const silent = createServer(() => undefined);
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  const { port } = silent.address() as { port: number };
  const hanging = new SourceGuard({ openRanges }, () => new Promise(() => undefined));
  const quick = { host: '127.0.0.1', port, connectSeconds: 0.05 };
  await expect(dial(hanging, { ...quick, host: 'slow.example', tls: false })).rejects.toThrow(DialTimeoutError);
  await expect(dial(LOOPBACK, { ...quick, tls: true })).rejects.toThrow(DialTimeoutError);
  const stop = AbortSignal.abort(new Error('stopped'));
  await expect(dial(LOOPBACK, { ...quick, tls: false, connectSeconds: 5, signal: stop })).rejects.toThrow('stopped');
  silent.close();
});

it("dial reports the system's error if nothing listens", async () => {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  await expect(dial(LOOPBACK, { host: '127.0.0.1', port, tls: false, connectSeconds: 5 })).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  });
});

it('dial reads into the buffer of onread, over TLS as well', async () => {
  for (const tls of [false, true]) {
    await using server = await startSourceServer({ tls, file: { length: 10 } });
    const read = Promise.withResolvers<string>();
    const buffer = Buffer.alloc(4_096);
    const socket = await dial(
      LOOPBACK,
      target(server.origin, {
        ca: server.ca,
        onread: {
          buffer,
          callback(bytes) {
            read.resolve(buffer.toString('latin1', 0, bytes));
            return true;
          },
        },
      }),
    );
    socket.write('GET /file HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(await read.promise).toMatch(/^HTTP\/1\.1 200/);
    socket.destroy();
  }
});
