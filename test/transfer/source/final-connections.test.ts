import { createServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { expect, it } from 'vitest';
import { SourceGuard } from '#net/guard/source-guard.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { startRawServer } from '#test/helpers/raw-server.ts';
import { selfSignedCertificate } from '#test/helpers/source-server.ts';
import { HostGate, SourceConnectionError } from '#transfer/index.ts';
import { probeSource } from '#transfer/source/probe.ts';
import { SourceSession } from '#transfer/source/session.ts';

const RULES = { openRanges: ['127.0.0.0/8'] };

async function listening(server: Server): Promise<AsyncDisposable & { readonly port: number; readonly asked: number }> {
  let asked = 0;
  server.on('connection', () => {
    asked += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get asked() {
      return asked;
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
    },
  };
}

async function expectFinal(url: string, message: RegExp, guard = LOOPBACK, ca?: string) {
  const session = new SourceSession({ url, ...(ca !== undefined && { ca }) }, new HostGate(2), undefined, guard);
  const signal = new AbortController().signal;
  const probe = probeSource(session, { bytes: 1_000, conditions: {}, oneStream: false, signal });
  const error = await probe.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SourceConnectionError);
  expect((error as Error).message).toMatch(message);
  expect(session.retries).toBe(0);
}

it('a certificate that nobody has signed is final at once', async () => {
  const { cert, key } = selfSignedCertificate();
  await using server = await listening(createTlsServer({ cert, key }));
  await expectFinal(`https://127.0.0.1:${server.port}/file`, /certificate of 127.0.0.1:\d+ is not accepted/);
  expect(server.asked).toBe(1);
});

const EXPIRED = { notBefore: new Date('2024-01-01'), notAfter: new Date('2024-02-01') };

it.each([
  [
    'has expired',
    EXPIRED,
    /certificate of 127.0.0.1:\d+ is not accepted \(CERT_HAS_EXPIRED\): certificate has expired/,
  ],
  [
    'is for another name',
    { dnsNames: ['other.example'], addresses: [] },
    /certificate of 127.0.0.1:\d+ is not accepted \(ERR_TLS_CERT_ALTNAME_INVALID\): .*127.0.0.1 is not in the cert/,
  ],
])('a certificate that %s is final at once, although its authority is trusted', async (_, options, message) => {
  const { cert, key } = selfSignedCertificate(options);
  await using server = await listening(createTlsServer({ cert, key }));
  await expectFinal(`https://127.0.0.1:${server.port}/file`, message, LOOPBACK, cert);
  expect(server.asked).toBe(1);
});

it('a server that speaks HTTP/2 only is final at once', async () => {
  const { cert, key } = selfSignedCertificate();
  await using server = await listening(createTlsServer({ cert, key, ALPNProtocols: ['h2'] }));
  await expectFinal(`https://127.0.0.1:${server.port}/file`, /HTTP\/2 only/);
  expect(server.asked).toBe(1);
});

it('frames of HTTP/2 in clear text are recognised', async () => {
  await using server = await startRawServer((socket) => {
    socket.write(Buffer.from('00000604000000000000030000006400', 'hex'));
  });
  await expectFinal(server.url, /HTTP\/2 only/);
});

it('a plain server where TLS was expected is final at once', async () => {
  await using server = await listening(createServer());
  await expectFinal(`https://127.0.0.1:${server.port}/file`, /supports no version of TLS/);
});

it('an unknown host is final at once', async () => {
  const unknown = new SourceGuard(RULES, async () => {
    throw Object.assign(new Error('getaddrinfo ENOTFOUND nobody.example'), { code: 'ENOTFOUND' });
  });
  await expectFinal('http://nobody.example/file', /host nobody.example is not known/, unknown);
});

it('a resolver that does not answer is asked again', async () => {
  let asked = 0;
  const guard = new SourceGuard(RULES, async () => {
    asked += 1;
    throw Object.assign(new Error('getaddrinfo EAI_AGAIN busy.example'), { code: 'EAI_AGAIN' });
  });
  const source = { url: 'http://busy.example/file', limits: { attempts: 3, backoffSeconds: 0.01 } };
  const session = new SourceSession(source, new HostGate(2), undefined, guard);
  const signal = new AbortController().signal;
  const probe = probeSource(session, { bytes: 1_000, conditions: {}, oneStream: false, signal });
  await expect(probe).rejects.toMatchObject({ name: 'SourceUnavailableError' });
  expect(asked).toBe(3);
});
