import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CommandEnd, environmentFor, runSluice } from '#test/helpers/cli.ts';
import { type S3Server, startS3Server } from '#test/helpers/s3-server.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';

const MIB = 1_048_576;
const BUCKET = 'options';
const SMALL = 'id,value\n1,one\n';
/** Beyond the first request, so that it needs an upload in parts. */
const LARGE = Buffer.alloc(9 * MIB, 'what is copied must be what was there. ');

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

let s3: S3Server;
let web: Web;
let folder: string;
/** What the source answers in this test. */
let answer: Listener;
let requests: IncomingMessage[];

beforeAll(async () => {
  s3 = await startS3Server();
  await s3.client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  web = await startWeb((request, response) => {
    requests.push(request);
    answer(request, response);
  });
});
afterAll(async () => {
  await web.stop();
  await s3.stop();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-copy-'));
  answer = serves(SMALL);
  requests = [];
  return () => rm(folder, { recursive: true, force: true });
});

/** A source with ranges and a strong ETag, which knows If-None-Match. */
function serves(body: string | Buffer, etag = '"one"'): Listener {
  const bytes = Buffer.from(body);
  return (request, response) => {
    if (request.headers['if-none-match'] === etag) return void response.writeHead(304, { etag }).end();
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (range === null) return void response.writeHead(200, { etag, 'content-length': bytes.length }).end(bytes);
    const piece = bytes.subarray(Number(range[1]), Number(range[2]) + 1);
    const last = Number(range[1]) + piece.length - 1;
    const head = { etag, 'content-length': piece.length, 'content-range': `bytes ${range[1]}-${last}/${bytes.length}` };
    response.writeHead(206, head).end(piece);
  };
}

const env = () => environmentFor(s3, folder);

const copyTo = (key: string, ...options: string[]): Promise<CommandEnd> =>
  runSluice(['copy', `${web.url}/file`, `s3://${BUCKET}/${key}`, ...options], env());

/** The bytes of the object; undefined if there is none. */
async function stored(key: string): Promise<Buffer | undefined> {
  try {
    const { Body } = await s3.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  } catch (error) {
    if ((error as Error).name === 'NoSuchKey') return undefined;
    throw error;
  }
}

/** What a copy has left: the files in the folder for its state, and the keys of open uploads. */
async function leftBehind(): Promise<string[]> {
  const { Uploads = [] } = await s3.client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
  return [...(await readdir(join(folder, 'sluice/copies'))), ...Uploads.map(({ Key }) => Key ?? '')];
}

const hashOf = (name: 'sha256' | 'md5', body: string | Buffer) => createHash(name).update(body).digest('hex');

it('sluice copy sends each --header in each request to the source', async () => {
  answer = serves(LARGE);
  const headers = ['--header', 'Authorization: Bearer of-a-test', '--header', 'X-Team: data: one'];
  expect(await copyTo('header', ...headers)).toMatchObject({ code: 0 });
  expect(requests.length).toBeGreaterThan(1);
  for (const { headers } of requests)
    expect(headers).toMatchObject({ authorization: 'Bearer of-a-test', 'x-team': 'data: one' });
});

describe('sluice copy to a key that exists', () => {
  const earlier = async (key: string) => {
    await s3.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: 'earlier' }));
    return key;
  };

  it('sluice copy --if-exists skip keeps the object, reads nothing from the source, and ends with 0', async () => {
    const key = await earlier('skip');
    const { code, out } = await copyTo(key, '--if-exists', 'skip');
    expect([code, out]).toEqual([0, `skipped  s3://${BUCKET}/skip  7 bytes\n`]);
    expect([String(await stored(key)), requests.length]).toEqual(['earlier', 0]);
  });

  it('sluice copy --if-exists fail keeps the object, names it, and ends with 1', async () => {
    const key = await earlier('fail');
    const { code, out, err } = await copyTo(key, '--if-exists', 'fail');
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(`failed  s3://${BUCKET}/fail exists already, `);
    expect([String(await stored(key)), await leftBehind()]).toEqual(['earlier', []]);
  });

  it('sluice copy --if-exists overwrite replaces an object that equals the file, too', async () => {
    const key = await earlier('overwrite');
    for (let call = 1; call <= 2; call++) {
      const { code, out } = await copyTo(key, '--if-exists', 'overwrite');
      expect([code, out]).toEqual([0, expect.stringMatching(/^landed {2}s3:\/\/options\/overwrite {2}15 bytes, /)]);
    }
    expect(requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, undefined]);
    expect(String(await stored(key))).toBe(SMALL);
  });

  it('sluice copy replaces an object without --if-exists only if the source has changed', async () => {
    const key = await earlier('update');
    expect((await copyTo(key)).out).toMatch(/^landed {2}/);
    const { code, out } = await copyTo(key, '--if-exists', 'update');
    expect([code, out]).toEqual([0, `unchanged  s3://${BUCKET}/update  15 bytes\n`]);
    answer = serves('a new version\n', '"two"');
    expect((await copyTo(key)).out).toMatch(/^landed {2}/);
    expect(String(await stored(key))).toBe('a new version\n');
  });
});

describe('sluice copy with the hash of the file', () => {
  it.each(['sha256', 'md5'] as const)('sluice copy stores a file that has its --expect-%s', async (name) => {
    const { code, out } = await copyTo(`right-${name}`, `--expect-${name}`, hashOf(name, SMALL).toUpperCase());
    expect([code, out]).toEqual([0, expect.stringMatching(new RegExp(`proven by .*expect\\.${name}`))]);
    expect(String(await stored(`right-${name}`))).toBe(SMALL);
  });

  it.each([
    ['sha256', 'a file of one request', SMALL],
    ['md5', 'a file of one request', SMALL],
    ['md5', 'a file in parts', LARGE],
  ] as const)(
    'sluice copy with a wrong --expect-%s for %s ends with 1 and leaves nothing',
    async (name, _what, body) => {
      answer = serves(body);
      const key = `wrong-${name}`;
      const { code, out, err } = await copyTo(key, `--expect-${name}`, hashOf(name, 'another file'));
      expect([code, out]).toEqual([1, '']);
      // Both hashes help a person to see which side is wrong.
      for (const hash of [hashOf(name, 'another file'), hashOf(name, body)]) expect(err).toContain(hash);
      expect([await stored(key), await leftBehind()]).toEqual([undefined, []]);
    },
  );
});

describe('sluice copy of several files', () => {
  beforeEach(() => {
    const good = serves(SMALL);
    answer = (request, response) =>
      request.url?.startsWith('/gone') === true ? response.writeHead(404).end() : good(request, response);
  });

  it('sluice copy --json prints a line for each file, the failed one with its problem, and ends with 3', async () => {
    const urls = ['/one.csv', '/gone.csv?token=secret', '/two.csv'].map((path) => `${web.url}${path}`);
    const { code, out } = await runSluice(['copy', ...urls, `s3://${BUCKET}/json/`, '--json'], env());
    expect(code).toBe(3);
    expect(out).not.toContain('secret');
    const lines: { object: string }[] = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.sort((a, b) => a.object.localeCompare(b.object))).toEqual([
      {
        url: `${web.url}/gone.csv?token=redacted`,
        object: `s3://${BUCKET}/json/gone.csv`,
        problem: expect.objectContaining({ code: 'source-refused', detail: expect.stringContaining('404') }),
      },
      expect.objectContaining({ object: `s3://${BUCKET}/json/one.csv`, status: 'landed', bytes: 15, resumedBytes: 0 }),
      expect.objectContaining({ object: `s3://${BUCKET}/json/two.csv`, status: 'landed', bytes: 15, resumedBytes: 0 }),
    ]);
    for (const line of lines.slice(1)) expect(line).not.toHaveProperty('problem');
  });

  it('sluice copy ends with 1 if each of several files fails, and reports each failure', async () => {
    const urls = ['/gone-1', '/gone-2'].map((path) => `${web.url}${path}`);
    const { code, out, err } = await runSluice(['copy', ...urls, `s3://${BUCKET}/none/`], env());
    expect([code, out]).toEqual([1, '']);
    for (const name of ['gone-1', 'gone-2']) expect(err).toContain(`failed  s3://${BUCKET}/none/${name}: `);
    expect(await leftBehind()).toEqual([]);
  });
});

it('sluice copy --endpoint needs no endpoint in the environment, and puts the bucket into the path', async () => {
  const { AWS_ENDPOINT_URL_S3: endpoint = '', ...without } = env();
  const args = ['copy', `${web.url}/file`, `s3://${BUCKET}/endpoint`, '--endpoint', endpoint];
  expect(await runSluice(args, without)).toMatchObject({ code: 0 });
  expect(String(await stored('endpoint'))).toBe(SMALL);
});

it('sluice copy --path-style puts the bucket into the path for an endpoint that the AWS configuration names', async () => {
  const { AWS_ENDPOINT_URL_S3: endpoint = '', ...without } = env();
  const config = join(folder, 'config');
  // The SDK puts the bucket before a host name, and never before an address.
  await writeFile(config, `[default]\nendpoint_url = ${endpoint.replace('127.0.0.1', 'localhost')}\n`);
  const args = ['copy', `${web.url}/file`, `s3://${BUCKET}/path-style`, '--path-style'];
  expect(await runSluice(args, { ...without, AWS_CONFIG_FILE: config })).toMatchObject({ code: 0 });
  expect(String(await stored('path-style'))).toBe(SMALL);
});

// Other systems answer only on one loopback address.
it.runIf(process.platform === 'linux')(
  'sluice copy follows a redirect to a private address only with an --open-range that contains it',
  async () => {
    const other = createServer(serves(SMALL));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.2', resolve));
    try {
      const location = `http://127.0.0.2:${(other.address() as AddressInfo).port}/file`;
      answer = (_, response) => void response.writeHead(302, { location }).end();
      const { code, err } = await copyTo('open-range', '--open-range', '127.0.0.3/32');
      expect([code, err]).toEqual([1, expect.stringContaining('127.0.0.2')]);
      expect([await stored('open-range'), await leftBehind()]).toEqual([undefined, []]);
      expect(await copyTo('open-range', '--open-range', '127.0.0.2/32')).toMatchObject({ code: 0 });
      expect(String(await stored('open-range'))).toBe(SMALL);
    } finally {
      other.closeAllConnections();
      await new Promise((resolve) => other.close(resolve));
    }
  },
);

it('sluice copy --max-gib refuses a larger source, and stores nothing', async () => {
  answer = serves(LARGE);
  const { code, out, err } = await copyTo('max', '--max-gib', '0.004');
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain(`has ${LARGE.length} bytes`);
  expect([await stored('max'), await leftBehind()]).toEqual([undefined, []]);
  expect(await copyTo('max', '--max-gib', '0.01')).toMatchObject({ code: 0 });
});

it('sluice copy stores a body whose end nothing proves only with --allow-unproven-end', async () => {
  // Neither a length nor chunks: the end of the connection is the end.
  answer = (_, response) => void response.socket?.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${SMALL}`);
  const { code, err } = await copyTo('unproven');
  expect([code, err]).toEqual([1, expect.stringContaining('--allow-unproven-end')]);
  expect([await stored('unproven'), await leftBehind()]).toEqual([undefined, []]);
  expect(await copyTo('unproven', '--allow-unproven-end')).toMatchObject({ code: 0 });
  expect(String(await stored('unproven'))).toBe(SMALL);
});

it.each([1, 2, 4])(
  'sluice copy --connections %i opens as many connections to the source, and no more',
  async (most) => {
    const serve = serves(Buffer.alloc(40 * MIB, 'parts '));
    let open = 0;
    let highest = 0;
    const held: (() => void)[] = [];
    answer = (request, response) => {
      open += 1;
      highest = Math.max(highest, open);
      response.once('close', () => {
        open -= 1;
      });
      held.push(() => serve(request, response));
      // The first answer shows that there are ranges. Behind it, none is answered until as many as permitted have come.
      if (requests.length === 1 || highest === most) for (const go of held.splice(0)) go();
    };
    expect(await copyTo(`connections-${most}`, '--connections', String(most))).toMatchObject({ code: 0 });
    expect(highest).toBe(most);
  },
);
