// @module-tag heavy

import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { copyWithKills } from '#test/helpers/copy-kills.ts';
import { type S3Server, startS3Server } from '#test/helpers/s3-server.ts';
import { buffersFor } from '#transfer/parts/buffers.ts';

const MIB = 1_048_576;
/** The embedded S3 keeps objects in memory, twice while it completes an upload. */
const FILE_MIB = { versitygw: 2_048, embedded: 256 };
/** versitygw stores the parts and, while it completes the upload, the object too. */
const DISK_FACTOR = 2.2;
const KILLS = 20;
const CONNECTIONS = 2;
/** The same numbers of bytes again: SLUICE_TEST_SEED=123456. */
const SEED = Number(process.env.SLUICE_TEST_SEED ?? Date.now() % 2 ** 31);

let s3: S3Server;
beforeAll(async () => {
  s3 = await startS3Server();
});
afterAll(() => s3.stop());

it(`sluice copy that is killed ${KILLS} times lands one right object, and leaves no upload and no file: seed ${SEED}`, {
  timeout: 1_800_000,
}, async ({ signal, skip }) => {
  const bytes = FILE_MIB[s3.kind] * MIB;
  const { bavail, bsize } = await statfs(tmpdir());
  const needed = s3.kind === 'versitygw' ? bytes * DISK_FACTOR : 0;
  skip(bavail * bsize < needed, `${tmpdir()} has less than the ${Math.ceil(needed / MIB)} MiB that S3 needs`);

  const copy = await copyWithKills({ s3, bytes, kills: KILLS, connections: CONNECTIONS, seed: SEED, signal });
  expect(copy).toMatchObject({ killed: KILLS, hasRightBytes: true, openUploads: 0, filesLeft: [] });
  expect(copy.last).toMatchObject({ status: 'landed', bytes });
  expect(copy.last.resumedBytes).toBeGreaterThan(0);
  // A kill loses only the parts that are under way. A copy that began again would send nearly the whole file twice.
  const partBytes = Math.ceil(bytes / (copy.last.parts - 1));
  const sent = copy.received.reduce((sum, one) => sum + one, 0);
  expect(sent).toBeLessThanOrEqual(bytes + KILLS * buffersFor(CONNECTIONS) * partBytes);
  console.log(`${KILLS} kills of ${bytes / MIB} MiB, seed ${SEED}: S3 received ${Math.round(sent / MIB)} MiB in all`);
});
