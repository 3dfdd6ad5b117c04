/**
 * Runs `sluice copy` for one file and kills it again and again, after a random number of bytes, until it completes:
 * `node bench/copy-kills.ts --mib 2048 --kills 20`. It prints how often the command was killed, how many bytes were
 * sent in total, whether the object is right, and what is left open. It needs versitygw.
 */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateBucketCommand, GetObjectCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { scriptOptions } from '#local/script-options.ts';
import { environmentFor } from '#test/helpers/cli.ts';
import { seededRandom } from '#test/helpers/s3-fault-proxy/random.ts';
import { startS3Server } from '#test/helpers/s3-server.ts';

const MAIN = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
const BUCKET = 'kills';
const MIB = 1_048_576;
const WATCH_MILLISECONDS = 5;

const { values } = scriptOptions({
  command: 'node bench/copy-kills.ts',
  about: 'Kills "sluice copy" of one file again and again, then lets it finish.',
  options: {
    mib: { type: 'string', takes: 'NUMBER', default: '2048', what: 'size of the file' },
    kills: { type: 'string', takes: 'NUMBER', default: '20', what: 'the number of kills' },
    seed: {
      type: 'string',
      takes: 'NUMBER',
      default: String(Date.now() % 1_000_000),
      what: 'the seed of the random numbers of bytes',
    },
  },
});
const length = Number(values.mib) * MIB;
const kills = Number(values.kills);
const random = seededRandom(Number(values.seed));
// One random MiB with a number in it, so that each MiB of the file differs.
const block = randomBytes(MIB);
const piece = (index: number) => {
  const copy = Buffer.from(block);
  copy.writeUInt32BE(index, 0);
  return copy;
};

const folder = await mkdtemp(join(tmpdir(), 'sluice-kills-'));
const s3 = await startS3Server({ kind: 'versitygw' });
let sent = 0;
const web = createServer((request, response) => {
  const [, from = '0', to = ''] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const first = Number(from);
  const last = Math.min(Number(to || length - 1), length - 1);
  response.writeHead(206, {
    etag: '"one"',
    'content-length': last - first + 1,
    'content-range': `bytes ${first}-${last}/${length}`,
  });
  const go = (at: number): void => {
    if (at > last || response.destroyed) return void response.end();
    const index = Math.floor(at / MIB);
    const bytes = piece(index).subarray(at - index * MIB, Math.min(MIB, last + 1 - index * MIB));
    sent += bytes.length;
    response.write(bytes, () => go(at + bytes.length));
  };
  go(first);
});
try {
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  await s3.client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/big.bin`;
  const began = performance.now();
  let killed = 0;
  // All kills together come before the end of the file: each one comes after a random number of bytes.
  const most = (2 * length) / (kills + 5);
  while ((await copyOnce(url, killed < kills ? random() * most : undefined)) !== 0) killed += 1;
  const seconds = (performance.now() - began) / 1_000;
  const { Uploads = [] } = await s3.client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
  const left = await readdir(join(folder, 'sluice/copies'));
  process.stdout.write(
    `${JSON.stringify({ seed: values.seed, mib: length / MIB, killed, seconds: Math.round(seconds), sentMib: Math.round(sent / MIB), right: await isRight(), openUploads: Uploads.length, filesLeft: left.length })}\n`,
  );
} finally {
  web.closeAllConnections();
  web.close();
  await s3.stop();
  await rm(folder, { recursive: true, force: true });
}

/**
 * @param killAfter the number of bytes that the source sends before the command is killed.
 * @returns the exit code; -1 if the command was killed.
 */
async function copyOnce(url: string, killAfter = Number.POSITIVE_INFINITY): Promise<number> {
  const before = sent;
  const child = spawn(process.execPath, [MAIN, 'copy', url, `s3://${BUCKET}/big.bin`], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: environmentFor(s3, folder),
  });
  const timer = setInterval(() => {
    if (sent - before > killAfter) child.kill('SIGKILL');
  }, WATCH_MILLISECONDS);
  const code = await new Promise<number>((resolve) => child.once('close', (status) => resolve(status ?? -1)));
  clearInterval(timer);
  if (code > 0) throw new Error(`sluice copy ended with ${code}`);
  return code;
}

async function isRight(): Promise<boolean> {
  const { Body } = await s3.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'big.bin' }));
  const wanted = createHash('sha256');
  for (let index = 0; index < length / MIB; index++) wanted.update(piece(index));
  const found = createHash('sha256');
  for await (const bytes of Body as AsyncIterable<Uint8Array>) found.update(bytes);
  return found.digest('hex') === wanted.digest('hex');
}
