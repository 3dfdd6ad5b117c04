// @module-tag heavy

import { afterAll, beforeAll, expect, it } from 'vitest';
import { hasty, type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';
import { faults, startSourceServer } from '#test/helpers/source-server.ts';
import { transfer } from '#transfer/index.ts';

const MIB = 1_048_576;
const LENGTH = 26 * MIB;
const OPTIONS = { guard: LOOPBACK, bufferBytes: 5 * MIB, connections: 1 };

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

it('the engine drops a source that is too slow, although bytes keep coming', async () => {
  await using source = await startSourceServer({
    file: { length: LENGTH },
    rules: [{ faults: [faults.ignoreRange(), faults.drip(10_000)] }],
  });
  const given = hasty(source.url, {
    limits: { idleSeconds: 5, minSpeedSeconds: 0.3, minBytesPerSecond: 100_000, attempts: 2 },
  });
  await expect(transfer(given, landing.destination('drip'), OPTIONS)).rejects.toThrow(/bytes a second/);
  await landing.expectNothing('drip');
});

it('the engine does not count a slow S3 against a source: its clocks run only while a read waits', async () => {
  await using source = await startSourceServer({
    file: { seed: 'v1', length: LENGTH },
    rules: [{ faults: faults.ignoreRange() }],
  });
  // Each part takes S3 far longer than the source may idle.
  await using proxy = await startS3FaultProxy(landing.s3.endpoint, {
    rules: [{ when: { operation: 'UploadPart' }, fault: { kind: 'slow-read', bytesPerSecond: 2.5 * MIB } }],
  });
  const given = hasty(source.url, { limits: { idleSeconds: 1.5, minSpeedSeconds: 1.5, minBytesPerSecond: 100_000 } });
  const destination = landing.destination('slow-s3', { client: landing.s3.clientFor(proxy.endpoint) });
  const landed = await transfer(given, destination, OPTIONS);
  await landing.expectLanded('slow-s3', 'v1', LENGTH, landed);
  expect(landed.retries).toBe(0);
  expect(source.requests).toHaveLength(1);
});

it('the engine does not count a slow source of a piped part against S3: the clock of S3 stops while bytes are awaited', async () => {
  const length = 5 * MIB;
  await using source = await startSourceServer({
    file: { seed: 'v1', length },
    rules: [{ faults: faults.drip(450_000) }],
  });
  const options = { guard: LOOPBACK, bufferBytes: 2 * MIB, partBytes: 5 * MIB, connections: 1 };
  // Half a buffer takes 2.3 s.
  const destination = landing.destination('slow-source', { stallSeconds: 1.6 });
  const landed = await transfer({ url: source.url }, destination, options);
  await landing.expectLanded('slow-source', 'v1', length, landed);
  expect(landed.retries).toBe(0);
  expect(source.coverage()).toEqual({ once: length, again: 0 });
});

it('the engine does not count it as a failure if a source closes a connection that S3 kept waiting', async () => {
  const cut = 16 * MIB;
  await using source = await startSourceServer({
    file: { seed: 'v1', length: LENGTH },
    rules: [{ when: { nth: 1 }, faults: [faults.ignoreRange(), faults.cut(cut)] }],
  });
  // Three parts are read, and then none until S3 has the first.
  await using proxy = await startS3FaultProxy(landing.s3.endpoint, {
    rules: [{ when: { operation: 'UploadPart' }, fault: { kind: 'stall', milliseconds: 2_000 } }],
  });
  // One failure that counts would be the last.
  const given = hasty(source.url, { limits: { attempts: 1 } });
  const destination = landing.destination('dropped', { client: landing.s3.clientFor(proxy.endpoint) });
  const landed = await transfer(given, destination, OPTIONS);
  await landing.expectLanded('dropped', 'v1', LENGTH, landed);
  expect(landed.retries).toBe(1);
  expect(source.requests.map(({ bodyFrom }) => bodyFrom)).toEqual([0, cut]);
});
