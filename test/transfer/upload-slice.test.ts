import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { hasty, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { type S3FaultRule, startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';
import { type FaultRule, faults, startSourceServer } from '#test/helpers/source-server.ts';
import { openTransfer, resumeTransfer, transfer } from '#transfer/index.ts';
import type { AnswerBody } from '#transfer/lane/answer-body.ts';
import { HostGate } from '#transfer/source/host-gate.ts';
import { laneReader } from '#transfer/source/lane-reader.ts';
import type { SourceReader } from '#transfer/source/reader.ts';

const MIB = 1_048_576;
const CONNECTIONS = 4;
const LENGTH = 80 * MIB;
const SLOW_MILLISECONDS = 1_500;
/** S3 gets each part after a pause. */
const SLOW_S3: S3FaultRule = {
  when: { operation: 'UploadPart' },
  fault: { kind: 'stall', milliseconds: SLOW_MILLISECONDS },
};

/**
 * The most parts that were in a buffer at the same time.
 *
 * @param limit of connections to the host.
 * @param after these parts are not counted.
 */
async function mostInFlight(
  sourceMilliseconds: number,
  rules: readonly S3FaultRule[],
  limit = CONNECTIONS,
  after = 0,
): Promise<number> {
  await using landing = await startLanding();
  await using proxy = await startS3FaultProxy(landing.s3.endpoint, { rules });
  await using source = await startSourceServer({ file: { seed: 'parts', length: LENGTH } });
  const gate = new HostGate(limit);
  let begun = 0;
  let most = 0;
  let landed = 0;
  const reader: SourceReader = async (request) => {
    const answer = await laneReader(request);
    const { body } = answer;
    const fill: AnswerBody['fill'] = async (target, onBytes) => {
      // At the end of a body, the engine asks for one byte more.
      if (target.length > 1) {
        begun += 1;
        if (begun > after) most = Math.max(most, begun - landed);
        await sleep(sourceMilliseconds);
      }
      return body.fill(target, onBytes);
    };
    return { ...answer, body: { fill, destroy: () => body.destroy() } };
  };
  const options = {
    guard: LOOPBACK,
    bufferBytes: 5 * MIB,
    connections: CONNECTIONS,
    gate,
    reader,
    onProgress: () => {
      landed += 1;
    },
  };
  const destination = landing.destination('parts', { client: landing.s3.clientFor(proxy.endpoint) });
  await transfer(hasty(source.url), destination, options);
  await landing.expectLanded('parts', 'parts', LENGTH);
  return most;
}

it('uploadSlice uses no more buffers than connections if S3 is slower than the source', {
  tags: ['heavy'],
}, async () => {
  expect(await mostInFlight(0, [SLOW_S3])).toBe(CONNECTIONS);
});

it('uploadSlice uses one more buffer for every four connections if the source is slower', {
  tags: ['heavy'],
}, async () => {
  const most = await mostInFlight(SLOW_MILLISECONDS, []);
  expect(most).toBe(CONNECTIONS + CONNECTIONS / 4);
});

it('uploadSlice uses as many buffers as connections although the host permits one connection', {
  tags: ['heavy'],
}, async () => {
  // After the first parts, a request reads several parts. The wait for a turn at the host is not a slow source.
  expect(await mostInFlight(0, [SLOW_S3], 1, 2 * CONNECTIONS)).toBe(CONNECTIONS);
});

it('uploadSlice divides a run again if its connection has become slow', { tags: ['heavy'] }, async () => {
  await using landing = await startLanding();
  const seen: FaultRule = {
    when: { nth: 6 },
    // A part takes 3 s.
    faults: faults.drip((5 * MIB) / 3),
  };
  const length = 4 * LENGTH;
  await using source = await startSourceServer({ file: { seed: 'late', length }, rules: [seen] });
  const options = { guard: LOOPBACK, bufferBytes: 5 * MIB, connections: 2 };
  const landed = await transfer({ url: source.url }, landing.destination('late'), options);
  await landing.expectLanded('late', 'late', length, landed);
  const [slow] = source.requests.filter((request) => request.faults.length > 0);
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(slow?.headers.range ?? '') ?? [];
  expect(Number(to) + 1 - Number(from)).toBeGreaterThan(4 * 5 * MIB);
  expect(slow?.bodyBytes).toBeLessThan(4 * 5 * MIB);
  expect(landed.retries).toBe(0);
});

it.each(['answer', 'body'])(
  'uploadSlice begins no part after one whose %s shows that the next one would be late',
  {
    tags: ['heavy'],
  },
  async (slow) => {
    await using landing = await startLanding();
    await using source = await startSourceServer({ file: { seed: 'deadline', length: LENGTH } });
    let begun = 0;
    const reader: SourceReader = async (request) => {
      begun += 1;
      if (slow === 'answer') await sleep(SLOW_MILLISECONDS);
      const answer = await laneReader(request);
      const { body } = answer;
      const fill: AnswerBody['fill'] = async (target, onBytes) => {
        if (slow === 'body' && target.length > 1) await sleep(SLOW_MILLISECONDS);
        return body.fill(target, onBytes);
      };
      return { ...answer, body: { fill, destroy: () => body.destroy() } };
    };
    const options = { guard: LOOPBACK, bufferBytes: 5 * MIB, connections: 1 };
    const destination = landing.destination('deadline');
    const opened = await openTransfer(hasty(source.url), destination, options);
    if (opened.kind !== 'ranged') throw new Error(`it is ${opened.kind}`);
    const { state } = opened.transfer;
    const resumed = resumeTransfer(state, hasty(source.url), destination, { ...options, reader });
    // Time for more than one part, but for less than two.
    const deadline = new Date(Date.now() + SLOW_MILLISECONDS * 1.7);
    const { done } = await resumed.uploadSlice({ first: 1, last: 10 }, { deadline });
    expect({ done, begun }).toEqual({ done: false, begun: 1 });
    await resumed.abandon();
    await landing.expectNothing('deadline');
  },
);

/** Lands the file over two connections. @returns the bytes of each answer of the source. */
async function answersOf(rules: readonly FaultRule[]): Promise<number[]> {
  await using landing = await startLanding();
  await using source = await startSourceServer({ file: { seed: 'runs', length: LENGTH }, rules });
  const options = { guard: LOOPBACK, bufferBytes: 5 * MIB, connections: 2 };
  const landed = await transfer({ url: source.url }, landing.destination('runs'), options);
  await landing.expectLanded('runs', 'runs', LENGTH, landed);
  expect(source.coverage()).toEqual({ once: LENGTH, again: 0 });
  return source.requests.map(({ bodyBytes }) => bodyBytes);
}

it('uploadSlice reads several parts by one request if the source is fast', { tags: ['heavy'] }, async () => {
  const answers = await answersOf([]);
  expect(answers.length).toBeLessThan(LENGTH / (5 * MIB));
});

it('uploadSlice reads each part by its own request if the source is slow', { tags: ['heavy'] }, async () => {
  // A part takes more than half the time of a run.
  const answers = await answersOf([{ faults: faults.drip(4 * MIB) }]);
  expect(answers).toEqual(Array.from({ length: LENGTH / (5 * MIB) }, () => 5 * MIB));
});

it('uploadSlice gives its connection to a file that waits for the host, if S3 has all its buffers', {
  tags: ['heavy'],
}, async () => {
  await using landing = await startLanding();
  // The first parts are fast, so the next request is for several parts.
  const silent: S3FaultRule = { when: { operation: 'UploadPart', nth: (n) => n > 2 }, fault: { kind: 'stall' } };
  await using proxy = await startS3FaultProxy(landing.s3.endpoint, { rules: [silent] });
  await using source = await startSourceServer({ file: { seed: 'beside', length: LENGTH } });
  const options = { guard: LOOPBACK, bufferBytes: 5 * MIB, connections: 1, gate: new HostGate(1) };
  const client = landing.s3.clientFor(proxy.endpoint);
  const stop = new AbortController();
  const large = transfer({ url: source.url }, landing.destination('large', { client, stallSeconds: 3_600 }), {
    ...options,
    signal: stop.signal,
  });
  await expect.poll(() => proxy.happened.length).toBeGreaterThan(0);
  const beside = { ...options, signal: AbortSignal.timeout(120_000) };
  const landed = await transfer({ url: source.url }, landing.destination('beside'), beside);
  await landing.expectLanded('beside', 'beside', LENGTH, landed);
  stop.abort(new Error('enough'));
  await expect(large).rejects.toThrow('enough');
  await landing.expectNothing('large');
});
