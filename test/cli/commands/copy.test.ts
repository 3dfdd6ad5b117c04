import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CreateBucketCommand, GetObjectCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { SavedCopy } from '#cli/copy/saved-copy.ts';
import { environmentFor, runSluice, startSluice } from '#test/helpers/cli.ts';
import { type S3Server, startS3Server } from '#test/helpers/s3-server.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';
import type { TransferState } from '#transfer/index.ts';

const MIB = 1_048_576;
const BUCKET = 'copies';
/** Several parts of 8 MiB, so that an interruption leaves some. */
const LENGTH = 20 * MIB;
const file = Buffer.alloc(LENGTH, 'what is copied must be what was there. ');
const sha256 = createHash('sha256').update(file).digest('hex');

let s3: S3Server;
let web: Web;
let folder: string;
/** After this many bytes the source stops sending, until it is released. */
let heldAfter = Number.POSITIVE_INFINITY;
/** Whether the source holds back everything behind the first range of each copy. */
let isFirstRangeOnly = false;
let sent = 0;
let etag = '"one"';

beforeAll(async () => {
  s3 = await startS3Server();
  await s3.client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  web = await startWeb((request, response) => {
    if (request.url?.startsWith('/gone') === true) return response.writeHead(404).end();
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const first = Number(range?.[1] ?? 0);
    const last = Math.min(Number(range?.[2] ?? file.length), file.length - 1);
    const head = { etag, 'accept-ranges': 'bytes', 'content-length': last - first + 1 };
    if (range) response.writeHead(206, { ...head, 'content-range': `bytes ${first}-${last}/${file.length}` });
    else response.writeHead(200, head);
    const go = (at: number): void => {
      if (at > last || response.destroyed) return void response.end();
      if (sent >= heldAfter || (isFirstRangeOnly && first > 0)) return void setTimeout(go, 20, at);
      const piece = file.subarray(at, Math.min(at + MIB / 4, last + 1));
      sent += piece.length;
      response.write(piece, () => go(at + piece.length));
    };
    go(first);
  });
});
afterAll(async () => {
  await web.stop();
  await s3.stop();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-copy-'));
  heldAfter = Number.POSITIVE_INFINITY;
  isFirstRangeOnly = false;
  sent = 0;
  etag = '"one"';
  return () => rm(folder, { recursive: true, force: true });
});

const env = () => environmentFor(s3, folder);

async function stored(key: string): Promise<string> {
  const { Body } = await s3.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
  return createHash('sha256')
    .update((await Body?.transformToByteArray()) ?? '')
    .digest('hex');
}

async function openUploads(key: string): Promise<number> {
  const { Uploads = [] } = await s3.client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
  return Uploads.filter(({ Key }) => Key === key).length;
}

const savedFiles = () => readdir(join(folder, 'sluice/copies')).catch(() => []);
/** The records of copies that have not ended. A killed process leaves the file of its lock beside its record. */
const records = async () => (await savedFiles()).filter((name) => name.endsWith('.json'));

describe('sluice copy', () => {
  it('sluice copy lands a file whole, reports its proofs, and leaves nothing behind', async () => {
    const { code, out } = await runSluice(['copy', `${web.url}/a.bin`, `s3://${BUCKET}/plain/`], env());
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/^landed {2}s3:\/\/copies\/plain\/a\.bin {2}20\.0 MiB, .*proven by size.*crc32/),
    ]);
    expect(await stored('plain/a.bin')).toBe(sha256);
    expect([await savedFiles(), await openUploads('plain/a.bin')]).toEqual([[], 0]);
  });

  it.each(['SIGINT', 'SIGKILL'] as const)(
    'sluice copy continues after %s and sends only the parts that S3 lacks',
    async (signal) => {
      const key = `resumed-${signal}.bin`;
      const args = ['copy', `${web.url}/${key}`, `s3://${BUCKET}/${key}`, '--connections', '2', '--json'];
      heldAfter = 16 * MIB;
      const first = startSluice(args, env());
      // At least one part has arrived when all permitted bytes were sent.
      await vi.waitUntil(() => sent >= heldAfter, { timeout: 180_000 });
      await vi.waitUntil(async () => (await partsOf(key)) >= 1, { timeout: 180_000, interval: 100 });
      first.child.kill(signal);
      const { code, err } = await first.ended;
      if (signal === 'SIGINT')
        expect([code, err]).toEqual([130, expect.stringContaining('Run the same command again')]);
      expect([(await records()).length, await openUploads(key)]).toEqual([1, 1]);

      heldAfter = Number.POSITIVE_INFINITY;
      sent = 0;
      const second = await runSluice(args, env());
      expect([second.code, second.err]).toEqual([0, expect.anything()]);
      expect(JSON.parse(second.out).resumedBytes).toBeGreaterThan(0);
      expect(sent).toBeLessThan(file.length);
      expect(await stored(key)).toBe(sha256);
      expect([await savedFiles(), await openUploads(key)]).toEqual([[], 0]);
    },
  );

  it('sluice copy begins again if the source has changed meanwhile, and never mixes two versions', async () => {
    const key = 'changed.bin';
    const args = ['copy', `${web.url}/${key}`, `s3://${BUCKET}/${key}`, '--connections', '2', '--json'];
    heldAfter = 16 * MIB;
    const first = startSluice(args, env());
    await vi.waitUntil(async () => (await partsOf(key)) >= 1, { timeout: 180_000, interval: 100 });
    first.child.kill('SIGKILL');
    await first.ended;
    heldAfter = Number.POSITIVE_INFINITY;
    etag = '"two"';
    const second = await runSluice(args, env());
    expect([second.code, JSON.parse(second.out)]).toMatchObject([0, { resumedBytes: 0, sourceEtag: '"two"' }]);
    expect(await stored(key)).toBe(sha256);
    expect([await savedFiles(), await openUploads(key)]).toEqual([[], 0]);
  });

  it('sluice copy refuses a file with a wrong hash, and stores nothing', async () => {
    const args = ['copy', `${web.url}/b.bin`, `s3://${BUCKET}/wrong.bin`, '--expect-sha256', '0'.repeat(64)];
    const { code, err } = await runSluice(args, env());
    expect([code, err]).toEqual([1, expect.stringContaining('sha256')]);
    await expect(stored('wrong.bin')).rejects.toThrow();
    expect([await savedFiles(), await openUploads('wrong.bin')]).toEqual([[], 0]);
  });

  it('sluice copy reads URLs from a file, reports each failure, and ends with 3 if some failed', async () => {
    const list = join(folder, 'list.txt');
    await writeFile(list, `# two files\n${web.url}/c.bin\n${web.url}/gone.bin\n`);
    const { code, out, err } = await runSluice(['copy', '--from', list, `s3://${BUCKET}/many/`], env());
    expect(code).toBe(3);
    expect(out).toContain('landed  s3://copies/many/c.bin');
    expect(err).toContain('answered 404');
  });

  it('sluice copy reports that the bucket does not exist', async () => {
    const { code, err } = await runSluice(['copy', `${web.url}/a.bin`, 's3://no-such-bucket-here/x'], env());
    expect([code, err]).toEqual([1, expect.stringContaining('no-such-bucket-here')]);
  });
});

/** Parts of the key's upload that S3 has got. */
async function partsOf(key: string): Promise<number> {
  const { ListPartsCommand } = await import('@aws-sdk/client-s3');
  const { Uploads = [] } = await s3.client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
  const UploadId = Uploads.find(({ Key }) => Key === key)?.UploadId;
  if (UploadId === undefined) return 0;
  const { Parts = [] } = await s3.client.send(new ListPartsCommand({ Bucket: BUCKET, Key: key, UploadId }));
  return Parts.length;
}

describe('what sluice copy refuses', () => {
  const url = (path: string) => `${web.url}${path}`;

  it.each<[string, () => string[], string[]]>([
    [
      'wrong URLs, headers and options',
      () => [
        ...[url('/a.bin'), url('/a.bin'), `${url('/b.bin')}\tkey`, url(`/${'n'.repeat(1_100)}`), url('/')],
        ...['--header', 'Range: bytes=0-1', '--header', 'X-Token: \u65e5', '--header', 'Cookie: a=1'],
        ...[
          '--header',
          'cookie: b=2',
          '--endpoint',
          'localhost',
          '--open-range',
          'zzz',
          '--expect-md5',
          '0'.repeat(32),
        ],
        `s3://${BUCKET}/x/`,
      ],
      [
        '--expect-sha256 and --expect-md5 are for one file',
        '/a.bin" is named twice: name it once',
        '\\tkey" contains white space',
        'takes at most 1024 bytes',
        '/" has no file name at the end of its path',
        '--header Range is not for you to set',
        '--header X-Token has a value',
        '--header cookie is given twice',
        '--open-range "zzz" is not a range',
        '--endpoint is "localhost"',
      ],
    ],
    [
      'a key with an empty segment',
      () => [url('/a.bin'), `s3://${BUCKET}/a//b`],
      ['"s3://copies/a//b" can\'t be used'],
    ],
    ['a prefix with ..', () => [url('/a.bin'), 'foo', `s3://${BUCKET}/a/../`], ['"s3://copies/a/../" can\'t', '"foo"']],
  ])('sluice copy refuses %s all at once, before the first request', async (_what, args, says) => {
    const before = web.requests.length;
    const { code, out, err } = await runSluice(['copy', ...args()], env());
    expect([code, out]).toEqual([2, '']);
    for (const one of says) expect(err).toContain(one);
    expect(err.match(/^ {4}- /gm) ?? ['']).toHaveLength(says.length);
    expect(web.requests.length).toBe(before);
  });

  it('sluice copy names each wrong line of a list, beside what is wrong with its options', async () => {
    const list = join(folder, 'list.txt');
    await writeFile(list, `${url('/a.bin')}\tkey\n\n# more\n${url('/b.bin')} # note\nftp://h/x\n${url('/c.bin')}\n`);
    const { code, err } = await runSluice(['copy', '--from', list, 's3://No_Bucket/', '--header', 'x'], env());
    expect(code).toBe(2);
    for (const line of [1, 4]) expect(err).toMatch(new RegExp(`- ${list}, line ${line}: .* contains white space`));
    expect(err).toContain(`- ${list}, line 5: "ftp://h/x" is not a URL of the web`);
    expect(err.match(/^ {4}- /gm)).toHaveLength(5);
  });
});

it('sluice copy reads a list whose lines end in a carriage return', async () => {
  const list = join(folder, 'list.txt');
  await writeFile(list, `${web.url}/cr-1.bin\r${web.url}/cr-2.bin\r`);
  const { code, out } = await runSluice(['copy', '--from', list, `s3://${BUCKET}/cr/`], env());
  expect(code).toBe(0);
  for (const name of ['cr-1.bin', 'cr-2.bin']) expect(out).toContain(`landed  s3://copies/cr/${name}`);
});

it('sluice copy names a profile that gives no credentials', async () => {
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...without } = env();
  const none = { ...without, HOME: folder, AWS_EC2_METADATA_DISABLED: 'true' };
  const args = ['copy', `${web.url}/a.bin`, `s3://${BUCKET}/profile`, '--profile', 'nope'];
  const { code, err } = await runSluice(args, none);
  expect([code, err]).toEqual([2, expect.stringContaining('the AWS profile "nope" gives no credentials')]);
});

it.each([
  ['below a file', () => join(folder, 'file'), 'a part of this path is a file, not a folder'],
  // Node's own recursive mkdir never ends there.
  ['below /proc', () => '/proc/no-such-process/a', 'the system creates no folder there'],
])(
  'sluice copy names a folder for its state %s, which can not be used, before any request',
  async (_where, at, why) => {
    await writeFile(join(folder, 'file'), '');
    const before = web.requests.length;
    const args = ['copy', `${web.url}/state.bin`, `s3://${BUCKET}/state.bin`];
    const { code, err } = await runSluice(args, { ...env(), XDG_STATE_HOME: at() });
    expect(code).toBe(2);
    expect(err).toContain(
      `the state of copies can't be kept in ${at()}/sluice/copies: ${why}\n  → set XDG_STATE_HOME to`,
    );
    expect([web.requests.length, await openUploads('state.bin')]).toEqual([before, 0]);
  },
);

it('sluice copy names a folder for its state that can not be used beside its other mistakes, and makes no folder then', async () => {
  await writeFile(join(folder, 'file'), '');
  const args = ['copy', `${web.url}/state.bin`, `s3://${BUCKET}/state.bin`, '--header', 'wrong'];
  const { err } = await runSluice(args, { ...env(), XDG_STATE_HOME: join(folder, 'file') });
  expect(err).toContain(`- the state of copies can't be kept in ${join(folder, 'file/sluice/copies')}`);
  expect(err).toContain('- --header is not a header');
  await runSluice(args, { ...env(), XDG_STATE_HOME: join(folder, 'new') });
  expect(await readdir(folder)).toEqual(['file']);
});

it('a second sluice copy of the same URL to the same key ends with the process that makes the copy, and the first one lands', async () => {
  const key = 'twice.bin';
  const args = ['copy', `${web.url}/${key}`, `s3://${BUCKET}/${key}`, '--connections', '2'];
  heldAfter = 16 * MIB;
  const first = startSluice(args, env());
  await vi.waitUntil(async () => (await partsOf(key)) >= 1, { timeout: 180_000, interval: 100 });
  const { code, err } = await runSluice(args, env());
  expect([code, err]).toEqual([
    1,
    expect.stringContaining(
      `s3://${BUCKET}/${key}: another process (${first.child.pid}) is copying the same URL to it`,
    ),
  ]);
  heldAfter = Number.POSITIVE_INFINITY;
  expect((await first.ended).code).toBe(0);
  expect(await stored(key)).toBe(sha256);
  expect([await savedFiles(), await openUploads(key)]).toEqual([[], 0]);
});

it('two copies of the same URL to the same key from two machines both land it, and leave no upload', async () => {
  const key = 'two-machines.bin';
  const args = ['copy', `${web.url}/${key}`, `s3://${BUCKET}/${key}`, '--connections', '2'];
  isFirstRangeOnly = true;
  const copies = ['one', 'other'].map((machine) =>
    startSluice(args, { ...env(), XDG_STATE_HOME: join(folder, machine) }),
  );
  await vi.waitUntil(async () => (await openUploads(key)) === 2, { timeout: 180_000, interval: 100 });
  isFirstRangeOnly = false;
  expect((await Promise.all(copies.map(({ ended }) => ended))).map(({ code }) => code)).toEqual([0, 0]);
  expect([await stored(key), await openUploads(key)]).toEqual([sha256, 0]);
});

it('sluice copy aborts the upload of a record that another version has written, and begins again', async () => {
  const key = 'other-version.bin';
  const args = ['copy', `${web.url}/${key}`, `s3://${BUCKET}/${key}`, '--connections', '2', '--json'];
  heldAfter = 16 * MIB;
  const first = startSluice(args, env());
  await vi.waitUntil(async () => (await partsOf(key)) >= 1, { timeout: 180_000, interval: 100 });
  first.child.kill('SIGKILL');
  await first.ended;
  heldAfter = Number.POSITIVE_INFINITY;
  const [name = ''] = await records();
  const file = join(folder, 'sluice/copies', name);
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), v: 2, more: 'fields' }));
  const { code, out } = await runSluice(args, env());
  expect([code, JSON.parse(out)]).toMatchObject([0, { status: 'landed', resumedBytes: 0 }]);
  expect(await stored(key)).toBe(sha256);
  expect([await savedFiles(), await openUploads(key)]).toEqual([[], 0]);
});

it('the record of a copy stays if another process has replaced it with its own', async () => {
  const job = { url: `${web.url}/two.bin`, bucket: BUCKET, key: 'two.bin' };
  const [one, other] = [new SavedCopy(folder, job, 'aws'), new SavedCopy(folder, job, 'aws')];
  await one.write('upload-1');
  await other.write('upload-2');
  await one.remove();
  expect(await new SavedCopy(folder, job, 'aws').read()).toMatchObject({ uploadId: 'upload-2' });
  await other.remove();
  expect(await new SavedCopy(folder, job, 'aws').read()).toBeUndefined();
});

it('sluice copy says that the record of an earlier call is damaged, and copies the file', async () => {
  const key = 'damaged-record.bin';
  const args = ['copy', `${web.url}/${key}`, `s3://${BUCKET}/${key}`, '--json'];
  const job = { url: `${web.url}/${key}`, bucket: BUCKET, key };
  const { file } = new SavedCopy(join(folder, 'sluice/copies'), job, s3.endpoint);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, '');
  const { code, out } = await runSluice(args, env());
  expect(code).toBe(0);
  expect(JSON.parse(out).notes).toContainEqual(
    `the record of an earlier call was damaged (${file}): if that call has begun an upload, it stays until a lifecycle rule of the bucket removes it`,
  );
  expect([await stored(key), await savedFiles()]).toEqual([sha256, []]);
});

it('the record of a copy that was cut off still names its upload', async () => {
  const job = { url: `${web.url}/cut.bin`, bucket: BUCKET, key: 'cut.bin' };
  const saved = new SavedCopy(folder, job, 'aws');
  await saved.write('upload-5');
  await writeFile(saved.file, (await readFile(saved.file, 'utf8')).slice(0, -1));
  expect(await saved.read()).toEqual({ uploadId: 'upload-5' });
  await writeFile(`${saved.file}.new`, '{"v":1,');
  expect(await saved.read()).toEqual({ uploadId: 'upload-5' });
  await saved.remove();
  expect(await saved.read()).toBeUndefined();
});

it('the record of a copy is found if its process was killed before the file had its name', async () => {
  const job = { url: `${web.url}/killed.bin`, bucket: BUCKET, key: 'killed.bin' };
  const saved = new SavedCopy(folder, job, 'aws');
  await saved.write('upload-3');
  await rename(saved.file, `${saved.file}.new`);
  // An earlier upload of the same copy, which was given up.
  await writeFile(saved.file, (await readFile(`${saved.file}.new`, 'utf8')).replace('upload-3', 'upload-2'));
  const next = new SavedCopy(folder, job, 'aws');
  expect(await next.read()).toMatchObject({ uploadId: 'upload-3' });
  await next.remove();
  expect((await readdir(folder)).filter((name) => name.startsWith('killed.bin'))).toEqual([]);
});

it.each([{ key: 'other.bin' }, { bucket: 'other' }, { uploadId: 'other' }])(
  'the record of a copy with the state of another upload serves only to abort its upload: %j',
  async (damage) => {
    const job = { url: `${web.url}/damaged.bin`, bucket: BUCKET, key: 'damaged.bin' };
    const state: TransferState = {
      ...{ v: 1, bucket: BUCKET, key: job.key, uploadId: 'upload-4', token: 'token', checksum: 'crc32-full-object' },
      ...{ pins: { etag: '"one"', total: 10, origin: web.url }, total: 10, partBytes: 5, count: 2 },
      ...{ startedAt: new Date().toISOString(), stated: [], proofs: [], retries: 0, notes: [] },
    };
    const read = async (written: TransferState) => {
      await new SavedCopy(folder, job, 'aws').write('upload-4', written);
      return await new SavedCopy(folder, job, 'aws').read();
    };
    expect(await read(state)).toMatchObject({ uploadId: 'upload-4', state });
    expect(await read({ ...state, ...damage })).toEqual({ uploadId: 'upload-4' });
  },
);
