import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentFor, startSluice } from '#test/helpers/cli.ts';
import { seededRandom } from '#test/helpers/s3-fault-proxy/random.ts';
import { startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';
import { createBucket, objectSha256, openUploads } from '#test/helpers/s3-objects.ts';
import type { S3Server } from '#test/helpers/s3-server.ts';
import { contentSha256, startSourceServer } from '#test/helpers/source-server.ts';
import type { Landed } from '#transfer/index.ts';

const KEY = 'big.bin';

/** The killed calls together send this share of the file, so that none of them can complete it. */
const SHARE_BEFORE_LAST = 0.9;

export interface CopyKills {
  readonly s3: S3Server;
  /** The length of the file. */
  readonly bytes: number;
  readonly kills: number;
  readonly connections: number;
  /** Of the numbers of bytes after which the command is killed. */
  readonly seed: number;
  /** Ends the command under way, and this with it. */
  readonly signal?: AbortSignal;
}

/** What is there after `sluice copy` was killed again and again, and then let complete. */
export interface KilledCopy {
  /** How often it was killed. */
  readonly killed: number;
  /** The bytes of parts that S3 received after each start of the command, the last one included. */
  readonly received: readonly number[];
  /** What the last call reports. */
  readonly last: Landed & { readonly resumedBytes: number };
  readonly hasRightBytes: boolean;
  readonly openUploads: number;
  /** The files of the command's state. */
  readonly filesLeft: readonly string[];
}

/**
 * Runs `sluice copy` for one file and kills it by SIGKILL, each time after S3 has received a random number of bytes,
 * then runs it until it ends. S3 gets no byte more before a kill, however long the kill takes, so the numbers do not
 * depend on the machine.
 *
 * @throws Error if a call ends otherwise.
 */
export async function copyWithKills({ s3, bytes, kills, connections, seed, signal }: CopyKills): Promise<KilledCopy> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-kills-'));
  const bucket = await createBucket(s3.client);
  const received: number[] = [];
  let onBodyBytes: (piece: number) => Promise<void> | undefined = () => undefined;
  await using proxy = await startS3FaultProxy(s3.endpoint, { onBodyBytes: (piece) => onBodyBytes(piece) });
  await using source = await startSourceServer({ file: { seed, length: bytes }, keepHistory: false });
  const args = ['copy', source.url, `s3://${bucket}/${KEY}`, '--connections', String(connections), '--json'];

  /** @param most the bytes that S3 receives before the kill. */
  async function once(most: number) {
    signal?.throwIfAborted();
    const { child, ended } = startSluice(args, environmentFor(s3, folder, proxy.endpoint));
    const call = received.push(0) - 1;
    let killed: Promise<void> | undefined;
    onBodyBytes = (piece) => {
      const before = received[call] ?? 0;
      if (killed === undefined && before + piece > most) {
        child.kill('SIGKILL');
        killed = ended.then(() => Promise.reject(new Error('the process of this request was killed')));
      }
      if (killed === undefined) received[call] = before + piece;
      return killed;
    };
    const kill = () => void child.kill('SIGKILL');
    signal?.addEventListener('abort', kill);
    const end = await ended;
    signal?.removeEventListener('abort', kill);
    return { ...end, wasKilled: killed !== undefined };
  }

  try {
    for (const most of bytesBeforeKills(kills, bytes * SHARE_BEFORE_LAST, seed)) {
      const { code, err, wasKilled } = await once(most);
      if (!wasKilled) throw new Error(`sluice copy ended with ${code} before it was killed: ${err}`);
    }
    const { code, out, err } = await once(Number.POSITIVE_INFINITY);
    if (code !== 0) throw new Error(`sluice copy ended with ${code}: ${err}`);
    return {
      killed: received.length - 1,
      received,
      last: JSON.parse(out),
      hasRightBytes: (await objectSha256(s3.client, bucket, KEY)) === contentSha256(seed, bytes),
      openUploads: (await openUploads(s3.client, bucket)).length,
      filesLeft: await readdir(join(folder, 'sluice/copies')),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Random numbers with a fixed sum. */
function bytesBeforeKills(kills: number, sum: number, seed: number): number[] {
  const random = seededRandom(seed);
  const drawn = Array.from({ length: kills }, random);
  const all = drawn.reduce((total, one) => total + one, 0);
  return drawn.map((one) => Math.floor((one / all) * sum));
}
