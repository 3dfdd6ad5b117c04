// @module-tag heavy

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Landing, startLanding } from '#test/helpers/landing.ts';
import { type S3Fault, type S3FaultProxy, startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';
import { openUploads } from '#test/helpers/s3-objects.ts';
import { startSourceServer } from '#test/helpers/source-server.ts';
import type { StepsInput, StepsRecord } from './steps-process.ts';

const MIB = 1_048_576;
const PART = 5 * MIB;
const LENGTH = 4 * PART + 77;

let landing: Landing;
let folder: string;
beforeAll(async () => {
  landing = await startLanding();
  folder = await mkdtemp(join(tmpdir(), 'sluice-kill-'));
});
afterAll(async () => {
  await landing[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** Head, Create, five parts, a list for each of three slices and for Close, Complete: the requests of one transfer. */
const REQUESTS = Array.from({ length: 12 }, (_, index) => index + 1);
const CREATE = 2;
const SOME_PART = 5;
const COMPLETE = REQUESTS.length;

const stops: (readonly [string, number, S3Fault])[] = [
  ...REQUESTS.map((nth) => ['before S3 has done', nth, { kind: 'stall' }] as const),
  // Passed on at once, and answered when the process is long dead.
  ...[CREATE, SOME_PART, COMPLETE].map(
    (nth) => ['after S3 has done', nth, { kind: 'white-space', milliseconds: 60_000 }] as const,
  ),
];

it.each(stops)(
  'a transfer continues to the identical object after a SIGKILL %s request %i',
  async (when, nth, fault) => {
    await using source = await startSourceServer({ file: { seed: 'v1', length: LENGTH } });
    await using proxy = await startS3FaultProxy(landing.s3.endpoint, { rules: [{ when: { nth }, fault }] });
    const name = `${when.replaceAll(' ', '-')}-${nth}`;
    const file = join(folder, `${name}.json`);
    const input: StepsInput = {
      url: source.url,
      endpoint: proxy.endpoint,
      bucket: landing.bucket,
      key: name,
      file,
      partBytes: PART,
    };

    await killedAtFault(start(input), proxy, file);
    proxy.clearRules();
    await ended(start(input));

    const record = JSON.parse(readFileSync(file, 'utf8')) as StepsRecord;
    expect(record.landed).toMatchObject({ status: 'landed', bytes: LENGTH });
    const lostCreate = proxy.happened.some(({ request }) => request.operation === 'CreateMultipartUpload');
    if (!lostCreate) await landing.expectLanded(name, 'v1', LENGTH, record.landed);
    // The bucket's lifecycle rule removes an upload whose id no process has received.
    const open = (await openUploads(landing.s3.client, landing.bucket)).filter(({ Key }) => Key === name);
    expect(open.length).toBeLessThanOrEqual(lostCreate && when.startsWith('after') ? 1 : 0);
  },
);

function start(input: StepsInput): ChildProcess {
  const { accessKeyId, secretAccessKey } = landing.s3.credentials;
  return spawn(process.execPath, [join(import.meta.dirname, 'steps-process.ts'), JSON.stringify(input)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: landing.s3.region },
  });
}

async function killedAtFault(child: ChildProcess, proxy: S3FaultProxy, file: string): Promise<void> {
  // A transfer of fewer requests than that has ended by itself, which is as good an end.
  const over = () => proxy.happened.length > 0 || (existsSync(file) && readFileSync(file, 'utf8').includes('"landed"'));
  await expect.poll(over).toBe(true);
  // Time for S3 to do what was passed on.
  await new Promise((resolve) => setTimeout(resolve, 200));
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await exited;
}

async function ended(child: ChildProcess): Promise<void> {
  const code = await new Promise((resolve) => child.once('exit', resolve));
  expect(code).toBe(0);
}
