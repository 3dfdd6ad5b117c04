import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { faults, type SourceServer, startSourceServer } from '#test/helpers/source-server.ts';
import { openTransfer, transfer } from '#transfer/index.ts';

const MIB = 1_048_576;
const LENGTH = 17 * MIB;
const OPTIONS = { guard: LOOPBACK, bufferBytes: 5 * MIB, connections: 3 };
/** The first answer comes so far, and no further. */
const HALT = 1_000_000;

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

function startHalting(): Promise<SourceServer> {
  return startSourceServer({
    file: { seed: 'first', length: LENGTH },
    rules: [{ when: { request: 1 }, faults: faults.stall(HALT) }],
  });
}

function offsets(source: SourceServer): (number | undefined)[] {
  return source.requests.map(({ range }) => (range !== undefined && 'from' in range ? range.from : undefined));
}

it('the engine reads other parts while the first part arrives, and continues the first part after an interruption', async () => {
  await using source = await startHalting();
  const landed = await transfer(
    { url: source.url, limits: { idleSeconds: 1, backoffSeconds: 0.01 } },
    landing.destination('first'),
    OPTIONS,
  );
  await landing.expectLanded('first', 'first', LENGTH, landed);
  const asked = offsets(source);
  expect(asked[0]).toBe(0);
  expect(asked.slice(1, -1).sort((one, other) => Number(one) - Number(other))).toEqual([5 * MIB, 10 * MIB, 15 * MIB]);
  expect(asked.at(-1)).toBe(HALT);
  expect(source.coverage()).toEqual({ once: LENGTH, again: 0 });
  expect(landed.retries).toBe(1);
});

it('openTransfer alone sends the first part, because other processes send the others', async () => {
  await using source = await startSourceServer({ file: { seed: 'first', length: LENGTH } });
  const opened = await openTransfer({ url: source.url }, landing.destination('alone'), OPTIONS);
  if (opened.kind !== 'ranged') throw new Error(opened.kind);
  expect(opened.state.proofs.map(({ number, bytes }) => [number, bytes])).toEqual([[1, 5 * MIB]]);
  expect(offsets(source)).toEqual([0]);
  await expect.poll(() => source.connections.open).toBeLessThanOrEqual(1);
});

it('the engine closes the connection of the first part if the upload is not used', async () => {
  await using source = await startHalting();
  const onUploadCreated = () => {
    throw new Error('the record can not be written');
  };
  const transferring = transfer({ url: source.url }, landing.destination('nothing'), { ...OPTIONS, onUploadCreated });
  await expect(transferring).rejects.toThrow('the record can not be written');
  await expect.poll(() => source.connections.open).toBe(0);
  await landing.expectNothing('nothing');
});

it('the engine stops with the signal while it waits for the first part', async () => {
  await using source = await startHalting();
  const stop = new AbortController();
  const transferring = transfer({ url: source.url }, landing.destination('stopped'), {
    ...OPTIONS,
    signal: stop.signal,
  });
  const outcome = expect(transferring).rejects.toThrow('enough');
  await expect.poll(() => source.requests.length).toBeGreaterThan(1);
  stop.abort(new Error('enough'));
  await outcome;
  // Those that are free are kept for 4 s.
  await expect.poll(() => source.connections.open).toBe(0);
  await landing.expectNothing('stopped');
});
