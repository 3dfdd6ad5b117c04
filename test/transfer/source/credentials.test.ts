import { afterAll, beforeAll, expect, it } from 'vitest';
import { hasty, type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { type Fault, faults, startSourceServer } from '#test/helpers/source-server.ts';
import { HostGate, transfer } from '#transfer/index.ts';
import { parseRetryAfter } from '#transfer/source/session.ts';

const MIB = 1_048_576;
const OPTIONS = { guard: LOOPBACK, bufferBytes: 5 * MIB };

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

it('the engine sends a password that contains a percent sign unchanged', async () => {
  const seen: unknown[] = [];
  const look: Fault = {
    name: 'look',
    change: (_, { request }) => void seen.push(request.headers.authorization),
  };
  await using source = await startSourceServer({ file: { seed: 1, length: 1_000 }, rules: [{ faults: look }] });
  const url = source.url.replace('http://', 'http://us%65r:50%off@');
  const landed = await transfer({ url }, landing.destination('percent'), OPTIONS);
  expect(landed.status).toBe('landed');
  expect(seen).toEqual([`Basic ${Buffer.from('user:50%off').toString('base64')}`]);
});

it('the engine releases its turn if credentials can not be read', async () => {
  await using source = await startSourceServer({ file: { seed: 1, length: 1_000 } });
  const gate = new HostGate(1);
  const authorize = () => Promise.reject(new Error('no such secret'));
  const refused = transfer(hasty(source.url, { authorize }), landing.destination('refused'), { ...OPTIONS, gate });
  await expect(refused).rejects.toThrow(/no such secret/);
  const landed = await transfer({ url: source.url }, landing.destination('refused'), { ...OPTIONS, gate });
  expect(landed.status).toBe('landed');
});

it('the engine reads credentials only when its turn has come, because they may be valid for a short time', async () => {
  await using source = await startSourceServer({
    file: { seed: 1, length: 12 * MIB },
    rules: [{ faults: faults.drip(2_500_000) }],
  });
  // What the source had sent of the part before when credentials for the next were asked for.
  const before: (number | undefined)[] = [];
  const authorize = async () => {
    before.push(source.requests.at(-1)?.bodyBytes);
    return {};
  };
  // Three parts by one connection, of which each takes 2.1 s.
  await transfer(hasty(source.url, { authorize }), landing.destination('aged'), { ...OPTIONS, connections: 1 });
  expect(before).toEqual([undefined, 5 * MIB, 5 * MIB]);
});

it('the engine ends a wait for credentials with the signal', async () => {
  const stop = new AbortController();
  const authorize = () => {
    stop.abort(new Error('stopped'));
    return new Promise<never>(() => {});
  };
  await using source = await startSourceServer({ file: { seed: 1, length: 1_000 } });
  const signal = stop.signal;
  const landed = transfer({ url: source.url, authorize }, landing.destination('waits'), { ...OPTIONS, signal });
  await expect(landed).rejects.toThrow('stopped');
});

it.each([
  ['120', 120],
  ['9'.repeat(20), 300],
  ['soon', undefined],
])('the engine reads a Retry-After of %s', (value, seconds) => {
  expect(parseRetryAfter(value)).toBe(seconds);
});
