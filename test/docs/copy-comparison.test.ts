// @module-tag heavy

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type S3FaultProxy, startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';
import { createBucket, headObject, objectSha256, openUploads } from '#test/helpers/s3-objects.ts';
import { findVersitygw, type S3Server, startS3Server } from '#test/helpers/s3-server.ts';
import {
  type Certificate,
  contentHashes,
  type FaultRule,
  faults,
  type SourceServer,
  selfSignedCertificate,
  startSourceServer,
} from '#test/helpers/source-server.ts';
import type { Job } from '../../bench/harness/lane.ts';
import type { Tool } from '../../bench/harness/tool.ts';
import { awsCp, s5cmdPipe } from '../../bench/tools/curl-pipes.ts';
import { rcloneCopyurl } from '../../bench/tools/rclone.ts';
import { sluiceCopy } from '../../bench/tools/sluice-copy.ts';

/** What the table of `docs/command-line.md` says about a tool. */
interface Row {
  readonly afterKill: string;
  readonly proves: string;
  readonly cut: string;
  readonly cutWithoutLength: string;
}

const MIB = 1_048_576;
/** rclone sends a file of less than 200 MiB with one PUT, which nothing could continue. */
const LENGTH = 220 * MIB;
const SEED = 'compared';
const CUT_AFTER = 9_000_000;
/** More than half of the file, so that a tool that begins again receives more bytes than one that continues. */
const KILLED_AFTER = 160 * MIB;

const TOOLS: readonly [name: string, tool: Tool][] = [
  ['`sluice copy`', sluiceCopy],
  ['`rclone copyurl`', rcloneCopyurl],
  ['`curl | aws s3 cp -`', awsCp],
  ['`curl | s5cmd pipe`', s5cmdPipe],
];

const versions = await Promise.all(TOOLS.map(([, tool]) => tool.version()));
const hashes = contentHashes(SEED, LENGTH);
let table: Map<string, Row>;
let s3: S3Server;
let bucket: string;
let folder: string;
let certificate: Certificate;

describe.skipIf(!findVersitygw())('the comparison of sluice copy with other tools (needs versitygw)', () => {
  beforeAll(async () => {
    table = await readTable();
    certificate = selfSignedCertificate();
    s3 = await startS3Server({ kind: 'versitygw' });
    bucket = await createBucket(s3.client);
    folder = await mkdtemp(join(tmpdir(), 'sluice-compared-'));
    await writeFile(join(folder, 'ca.pem'), certificate.cert);
  });
  afterAll(async () => {
    await s3.stop();
    await rm(folder, { recursive: true });
  });

  it('the comparison of sluice copy has a row for each tool that this test runs', () => {
    expect([...table.keys()]).toEqual(TOOLS.map(([name]) => name));
  });

  for (const [index, [name, tool]] of TOOLS.entries()) {
    const version = versions[index];
    const isThere = version === undefined ? 'skipped, because bench/install-peers.sh has not installed it' : version;
    describe.skipIf(version === undefined)(`${name}: ${isThere}`, () => {
      const row = () => table.get(name);

      it(`the comparison says what ${name} does after a kill`, async () => {
        await using source = await startSourceServer({ file: { seed: SEED, length: LENGTH } });
        expect(await afterKill(tool, source, `${index}/killed`)).toBe(row()?.afterKill);
      });

      it(`the comparison says what ${name} proves to S3`, async () => {
        await using source = await startSourceServer({ file: { seed: SEED, length: LENGTH } });
        expect(await proves(tool, source, `${index}/proven`)).toBe(row()?.proves);
      });

      it(`the comparison says what ${name} does with a body that is cut`, async () => {
        const cut = [faults.ignoreRange(), faults.cut(CUT_AFTER)];
        expect(await outcomeOf(tool, [{ faults: cut }], `${index}/cut`)).toBe(row()?.cut);
        const rules = [{ faults: [...cut, faults.closeDelimited()] }];
        expect(await outcomeOf(tool, rules, `${index}/cut-without-length`)).toBe(row()?.cutWithoutLength);
      });
    });
  }
});

/** The first columns of the table, by tool. */
async function readTable(): Promise<Map<string, Row>> {
  const page = await readFile(new URL('../../docs/command-line.md', import.meta.url), 'utf8');
  const [, rows = ''] = /^\| \| after a kill \|.*\n\|[-|: ]+\n((?:\|.*\n)+)/m.exec(page) ?? [];
  return new Map(
    rows
      .trimEnd()
      .split('\n')
      .map((line) => {
        const [, tool = '', afterKill = '', proves = '', cut = '', cutWithoutLength = ''] = line
          .replaceAll('\\|', '\u0000')
          .split('|')
          .map((cell) => cell.trim().replaceAll('\u0000', '|'));
        return [tool, { afterKill, proves, cut, cutWithoutLength }];
      }),
  );
}

/** Kills the tool in the middle, and runs the same command again. */
async function afterKill(tool: Tool, source: SourceServer, key: string): Promise<string> {
  let received = 0;
  let kill = () => {};
  let killed: Promise<never> | undefined;
  await using proxy = await startS3FaultProxy(s3.endpoint, {
    onBodyBytes: (bytes) => {
      received += bytes;
      if (received > KILLED_AFTER) kill();
      return killed;
    },
  });
  const job = jobOf(proxy, source, key);
  const first = start(tool, job);
  kill = () => {
    killed ??= first.ended.then(() => Promise.reject(new Error('the process of this request was killed')));
    first.kill();
  };
  await first.ended;
  expect(killed).toBeDefined();
  kill = () => {};
  killed = undefined;
  received = 0;
  expect(await start(tool, job).ended).toBe(0);
  expect(await objectSha256(s3.client, bucket, key)).toBe(hashes.sha256);
  const open = (await openUploads(s3.client, bucket)).filter(({ Key }) => Key === key);
  const goesOn = received < LENGTH ? 'continues' : 'begins again';
  return open.length === 0 ? goesOn : `${goesOn}, and leaves the upload open`;
}

/** Runs the tool over TLS, as to AWS, with and without a bit that changes on the way of each request to S3. */
async function proves(tool: Tool, source: SourceServer, key: string): Promise<string> {
  await using proxy = await startS3FaultProxy(s3.endpoint, { tls: certificate });
  const right = start(tool, jobOf(proxy, source, key));
  expect(await right.ended).toBe(0);
  const head = await headObject(s3.client, bucket, key);
  const whole = Buffer.alloc(4);
  whole.writeUInt32BE(hashes.crc32);
  const isWholeProven = head?.ChecksumCRC32 === whole.toString('base64');

  proxy.addRules({ when: { operation: ['UploadPart', 'PutObject'] }, fault: { kind: 'flipped-bit' } });
  const changed = `${key}-changed`;
  const code = await start(tool, jobOf(proxy, source, changed)).ended;
  expect(proxy.happened.length).toBeGreaterThan(0);
  const isRefused = code !== 0 && (await headObject(s3.client, bucket, changed)) === undefined;
  if (!isRefused) return 'nothing';
  return isWholeProven ? 'each part, and the whole object' : 'each part';
}

/** What comes of a file whose source does not send all of it. */
async function outcomeOf(tool: Tool, rules: readonly FaultRule[], key: string): Promise<string> {
  await using source = await startSourceServer({ file: { seed: SEED, length: LENGTH }, rules });
  await using proxy = await startS3FaultProxy(s3.endpoint);
  const code = await start(tool, jobOf(proxy, source, key)).ended;
  const head = await headObject(s3.client, bucket, key);
  if (head === undefined) return code === 0 ? 'no object, without an error' : 'refused';
  expect(head.ContentLength).toBe(CUT_AFTER);
  return code === 0 ? 'stored as if whole' : 'stored, with an error';
}

function jobOf(proxy: S3FaultProxy, { url }: SourceServer, key: string): Job {
  const caFile = proxy.endpoint.startsWith('https:') ? join(folder, 'ca.pem') : undefined;
  const { region, credentials } = s3;
  return {
    bucket,
    endpoint: proxy.endpoint,
    caFile,
    folder,
    file: { path: '/file', seed: SEED, length: LENGTH },
    url,
    key,
    sizes: {},
    env: {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      AWS_ENDPOINT_URL: proxy.endpoint,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      ...(caFile && { NODE_EXTRA_CA_CERTS: caFile, AWS_CA_BUNDLE: caFile }),
    },
  };
}

/** Runs the tool's command as a shell without further settings does: a pipeline ends as its last command. */
function start(tool: Tool, job: Job): { readonly ended: Promise<number>; readonly kill: () => void } {
  const { file, args, env } = tool.command(job);
  const child = spawn(
    file,
    args.map((arg) => arg.replace('set -o pipefail; ', '')),
    // A group of its own: a kill ends all commands of a pipeline.
    { env, stdio: 'ignore', detached: true },
  );
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? -1));
  });
  const kill = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  };
  return { ended, kill };
}
