import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { startRawServer } from '#test/helpers/raw-server.ts';
import { HostGate } from '#transfer/source/host-gate.ts';
import { SourceSession } from '#transfer/source/session.ts';

const { signal } = new AbortController();

it('a Retry-After applies to the requests that wait for their turn at the host', async () => {
  const askedAt: number[] = [];
  await using server = await startRawServer(async (socket) => {
    askedAt.push(performance.now());
    if (askedAt.length > 1) return void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    await sleep(200);
    socket.write('HTTP/1.1 429 Too Many\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n');
  });
  const gate = new HostGate(1);
  const ask = () => new SourceSession({ url: server.url }, gate, undefined, LOOPBACK).get({}, signal);
  const [refused, answered] = await Promise.allSettled([ask(), ask()]);
  expect([refused.status, answered.status]).toEqual(['rejected', 'fulfilled']);
  const [first = 0, second = 0] = askedAt;
  // The pause begins after the 200 ms; timers may be a millisecond early.
  expect(second - first).toBeGreaterThan(1_100);
  if (answered.status === 'fulfilled') answered.value.body.destroy();
});
