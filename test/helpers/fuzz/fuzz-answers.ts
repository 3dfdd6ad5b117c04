import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { bodyOf, drawAnswer, drawer } from '#test/helpers/fuzz/answer-script.ts';
import type { Landing } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { startRawServer } from '#test/helpers/raw-server.ts';
import { openUploads } from '#test/helpers/s3-objects.ts';
import { HostGate, TransferError, transfer } from '#transfer/index.ts';

const AT_ONCE = 16;
/** The limits below end any transfer in a fraction of this. */
const LONGEST_SECONDS = 120;
const ENOUGH = new Error('the caller has had enough');

/** The number of transfers by outcome. */
export interface FuzzOutcome {
  landed: number;
  failed: number;
  aborted: number;
}

/**
 * Transfers from sources with random answers, with aborts by the caller at random moments.
 *
 * Each has to end: with the identical object or a beginning of it (if the source always states a wrong length), with a
 * named error, or with the caller's reason. An error that no code catches fails the test in vitest itself. No upload
 * may be left.
 */
export async function fuzzAnswers(landing: Landing, firstSeed: number, count: number): Promise<FuzzOutcome> {
  const draws = new Map<string, ReturnType<typeof drawer>>();
  await using server = await startRawServer(async (socket, _connection, _request, text) => {
    const path = /^GET \/([^ ?/]*)/.exec(text)?.[1] ?? '';
    const seed = Number(path);
    const draw = draws.get(path) ?? drawer(seed + 1);
    draws.set(path, draw);
    const [, first, last] = /range: bytes=(\d+)-(\d*)/i.exec(text) ?? [];
    const asked =
      first === undefined ? undefined : { first: Number(first), last: Number(last || Number.MAX_SAFE_INTEGER) };
    const script = drawAnswer(draw, bodyOf(seed), asked);
    for (const { bytes, milliseconds } of script.pieces) {
      if (socket.destroyed) return;
      socket.write(bytes);
      if (milliseconds > 0) await sleep(milliseconds);
    }
    if (script.after === 'fin') socket.end();
    if (script.after === 'reset') socket.resetAndDestroy();
    // Most sources that stop sending close the connection at some time. Otherwise ten thousand of them would take too
    // long.
    if (script.after === 'late fin') setTimeout(() => socket.end(), 50);
  });
  const { origin } = new URL(server.url);
  const outcome: FuzzOutcome = { landed: 0, failed: 0, aborted: 0 };

  const play = async (seed: number) => {
    const draw = drawer(seed + 2);
    const stop = new AbortController();
    const timer = draw.chance(0.4) ? setTimeout(() => stop.abort(ENOUGH), draw.one([0, 1, 3, 10, 40, 200])) : undefined;
    const key = `fuzz/${seed}`;
    const limits = {
      idleSeconds: 0.5,
      headSeconds: 1,
      patienceSeconds: 1.5,
      attempts: 2,
      backoffSeconds: 0.001,
      longestWaitSeconds: 0.05,
      redirects: 3,
    };
    const allowUnprovenEnd = draw.chance(0.2);
    const landed = transfer(
      { url: `${origin}/${seed}`, limits, allowUnprovenEnd },
      landing.destination(key, { ifExists: draw.one(['overwrite', 'update']) }),
      {
        guard: LOOPBACK,
        bufferBytes: 65_536,
        // With one host for all of them, they would wait for each other.
        gate: new HostGate(2),
        connections: 2,
        signal: stop.signal,
      },
    );
    const ended = await Promise.race([
      landed.catch((error: unknown) => error as Error),
      sleep(LONGEST_SECONDS * 1_000, 'hangs' as const, { ref: false }),
    ]);
    clearTimeout(timer);
    if (ended === 'hangs') throw new Error(`seed ${seed} has not ended after ${LONGEST_SECONDS} s`);
    if (ended instanceof Error) {
      if (ended !== ENOUGH && !(ended instanceof TransferError)) throw new Error(`seed ${seed}`, { cause: ended });
      outcome[ended === ENOUGH ? 'aborted' : 'failed'] += 1;
      return;
    }
    outcome.landed += 1;
    const { Body } = await landing.s3.client.send(new GetObjectCommand({ Bucket: landing.bucket, Key: key }));
    const stored = Buffer.from((await Body?.transformToByteArray()) ?? []);
    expect(stored.length, `seed ${seed}`).toBe(ended.bytes);
    expect(stored.equals(bodyOf(seed).subarray(0, stored.length)), `seed ${seed}`).toBe(true);
  };

  const seeds = Array.from({ length: count }, (_, n) => (firstSeed + 3 * n) >>> 0);
  const work = async () => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) await play(seed);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await expect.poll(() => openUploads(landing.s3.client, landing.bucket)).toEqual([]);
  return outcome;
}
