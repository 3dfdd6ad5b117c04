import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SourceGuard } from '#net/guard/source-guard.ts';
import { LanePool } from '#transfer/lane/lane-pool.ts';
import { laneReader } from '#transfer/source/lane-reader.ts';
import { DEFAULT_LIMITS } from '#transfer/source/limits.ts';
import type { SourceReader } from '#transfer/source/reader.ts';

const BODY = '0123456789';
const ANSWER = `HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-9/10\r\nContent-Length: 10\r\n\r\n${BODY}`;

const hasIpv6 = Object.values(networkInterfaces()).some((ones) => ones?.some(({ address }) => address === '::1'));
if (!hasIpv6) console.warn('this machine has no ::1: what is dialled by IPv6 is not tested here');

let accepted = 0;
// Of both kinds, so that a mapped address would be answered as well.
const server = createServer((socket) => {
  accepted += 1;
  socket.on('error', () => undefined).on('data', () => socket.write(ANSWER));
});
let port = 0;
beforeAll(async () => {
  if (!hasIpv6) return;
  await once(server.listen({ host: '::', port: 0, ipv6Only: false }), 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => server.close());

async function read(reader: SourceReader, host: string, guard: SourceGuard): Promise<string> {
  const answer = await reader({
    url: new URL(`http://${host}:${port}/file`),
    headers: { range: 'bytes=0-9' },
    limits: DEFAULT_LIMITS,
    guard,
    signal: new AbortController().signal,
    onClosed: () => undefined,
  });
  const target = Buffer.alloc(BODY.length);
  await answer.body.fill(target);
  answer.body.destroy();
  return target.toString();
}

const reader: SourceReader = (request) => laneReader(request, new LanePool());
const spellings = [
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[0:0:0:0:0:ffff:7f00:0001]',
] as const;

describe.runIf(hasIpv6)('a server on the IPv6 loopback', () => {
  it.each(spellings)('the IPv6 loopback is not dialled at %s', async (host) => {
    const before = accepted;
    const refused = expect(read(reader, host, new SourceGuard())).rejects;
    await refused.toMatchObject({ name: 'SourceForbiddenError', message: expect.stringContaining('loopback') });
    expect(accepted).toBe(before);
  });

  it.each(spellings)('the IPv6 loopback answers at %s if it is opened', async (host) => {
    const openRanges = ['127.0.0.0/8', '::1/128'];
    expect(await read(reader, host, new SourceGuard({ openRanges }))).toBe(BODY);
    // The one range opens nothing of the other.
    const other = host.includes('ffff') ? '::1/128' : '127.0.0.0/8';
    await expect(read(reader, host, new SourceGuard({ openRanges: [other] }))).rejects.toMatchObject({
      name: 'SourceForbiddenError',
    });
  });

  it('the IPv6 loopback is not dialled by a name that also has a public address', async () => {
    const before = accepted;
    const guard = new SourceGuard({}, async () => [
      { address: '2606:4700::1111', family: 6 },
      { address: '::1', family: 6 },
    ]);
    await expect(read(reader, 'both.example', guard)).rejects.toMatchObject({ name: 'SourceForbiddenError' });
    expect(accepted).toBe(before);
  });
});
