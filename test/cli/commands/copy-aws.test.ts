import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as ask } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { copyClient } from '#cli/copy/copy-client.ts';
import { type SharedAws, useEmbeddedAws } from '#test/helpers/aws.ts';
import { runSluice } from '#test/helpers/cli.ts';
import { assumeRole, createRole } from '#test/helpers/iam.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';

/** How `sluice copy` finds region and credentials: from its options, from variables, and from AWS's two files. */

const BUCKET = 'copies-by-profile';
const BODY = 'id,value\n1,one\n';

interface Seen {
  readonly keyId: string | undefined;
  readonly region: string | undefined;
  readonly token: string | undefined;
}

const shared = useEmbeddedAws();
let aws: SharedAws['client'];
let s3: S3Client;
let web: Web;
/** S3 behind a server that notes who has signed what for which region. */
let gate: Web;
let seen: Seen[];
let home: string;

beforeAll(async () => {
  aws = shared.client();
  s3 = new S3Client(aws);
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  web = await startWeb((_, response) => void response.end(BODY));
  gate = await startWeb((request, response) => {
    const { method, url, headers } = request;
    const [, keyId, region] = /Credential=([^/]+)\/\d+\/([^/]+)\/s3\//.exec(headers.authorization ?? '') ?? [];
    seen.push({ keyId, region, token: headers['x-amz-security-token'] as string | undefined });
    const { hostname, port, host } = new URL(aws.endpoint);
    const forwarded = { ...headers, 'x-sluice-forwarded-to': host };
    request.pipe(
      ask({ hostname, port, method, path: url, headers: forwarded }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      }),
    );
  });
});
afterAll(async () => {
  s3.destroy();
  await web.stop();
  await gate.stop();
});
beforeEach(async () => {
  seen = [];
  home = await mkdtemp(join(tmpdir(), 'sluice-home-'));
  await mkdir(join(home, '.aws'));
  return () => rm(home, { recursive: true, force: true });
});

const files = async ({ config = '', credentials = '' }) => {
  await writeFile(join(home, '.aws/config'), config);
  await writeFile(join(home, '.aws/credentials'), credentials);
};

const keysOf = (accessKeyId: string, secretAccessKey: string) =>
  `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;

/** Without keys and region: the files or the arguments give them. */
const env = () => ({
  PATH: process.env.PATH,
  HOME: home,
  XDG_STATE_HOME: home,
  AWS_ENDPOINT_URL_S3: gate.url,
  AWS_ENDPOINT_URL_STS: aws.endpoint ?? '',
  AWS_EC2_METADATA_DISABLED: 'true',
});

const copyTo = (key: string, options: readonly string[], more: NodeJS.ProcessEnv = {}) =>
  runSluice(['copy', `${web.url}/file`, `s3://${BUCKET}/${key}`, ...options], { ...env(), ...more });

async function expectStored(key: string): Promise<void> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
  expect(await Body?.transformToString()).toBe(BODY);
}

/** Asserts that S3 was called, and each time so. */
function expectSigned(by: Partial<Seen>): void {
  expect(seen).toEqual(seen.map((one) => ({ ...one, ...by })));
  expect(seen.length).toBeGreaterThan(0);
}

const REGION = ['--region', 'us-east-1'];

describe('the keys of sluice copy', () => {
  it('sluice copy --profile signs with the keys of that profile, also beside other keys, and AWS_PROFILE does the same', async () => {
    const { accessKeyId, secretAccessKey } = aws.credentials;
    await files({
      credentials: `[default]\n${keysOf('AKIADEFAULT', 'none')}[mine]\n${keysOf(accessKeyId, secretAccessKey)}`,
    });
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    onTestFinished(() => warn.mockRestore());
    const others = { AWS_ACCESS_KEY_ID: 'AKIAOTHER', AWS_SECRET_ACCESS_KEY: 'none' };
    expect(await copyTo('by-option', ['--profile', 'mine', ...REGION], others)).toMatchObject({ code: 0 });
    expect(warn).not.toHaveBeenCalled();
    await expectStored('by-option');
    expect(await copyTo('by-variable', REGION, { AWS_PROFILE: 'mine' })).toMatchObject({ code: 0 });
    await expectStored('by-variable');
    expectSigned({ keyId: accessKeyId, token: undefined });
  });

  it.each([
    ['secret', () => keysOf(aws.credentials.accessKeyId, 'wrong')],
    ['key', () => keysOf('AKIAWRONG', 'wrong')],
  ])('sluice copy --profile with a wrong %s is refused by S3, and tells it', async (_what, credentials) => {
    await files({ credentials: `[mine]\n${credentials()}` });
    const { code, err } = await copyTo('refused', ['--profile', 'mine', ...REGION]);
    expect([code, err]).toEqual([1, expect.stringContaining('AWS does not accept the credentials')]);
  });

  it('sluice copy --profile takes the keys that a program of the profile prints', async () => {
    const { accessKeyId, secretAccessKey } = aws.credentials;
    const program = join(home, 'keys.mjs');
    const keys = { Version: 1, AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey };
    await writeFile(program, `console.log(${JSON.stringify(JSON.stringify(keys))})`);
    await files({ config: `[profile mine]\ncredential_process = ${process.execPath} ${program}\n` });
    expect(await copyTo('by-program', ['--profile', 'mine', ...REGION])).toMatchObject({ code: 0 });
    expectSigned({ keyId: accessKeyId });
    await expectStored('by-program');
  });

  it('sluice copy --profile assumes the role of the profile, and sends the token of its session', async () => {
    const { accessKeyId, secretAccessKey } = aws.credentials;
    const name = `copy-${randomUUID()}`;
    const resources = [`arn:aws:s3:::${BUCKET}`, `arn:aws:s3:::${BUCKET}/by-role`];
    const role = await createRole(aws, name, 'root', [{ actions: ['s3:*'], resources }]);
    await files({
      credentials: `[base]\n${keysOf(accessKeyId, secretAccessKey)}`,
      config: `[profile mine]\nrole_arn = ${role}\nsource_profile = base\nregion = us-east-1\n`,
    });
    expect(await copyTo('by-role', ['--profile', 'mine'])).toMatchObject({ code: 0 });
    expectSigned({ keyId: expect.stringMatching(/^ASIA/), token: expect.stringMatching(/.{20}/) });
    await expectStored('by-role');
    // The role may store one key, and no other.
    const { code, err } = await copyTo('by-role-elsewhere', ['--profile', 'mine']);
    expect([code, err]).toEqual([1, expect.stringContaining('AWS does not permit the request')]);
  });

  it('sluice copy sends the session token of the variables with their keys', async () => {
    const role = await createRole(aws, `copy-${randomUUID()}`, 'root', [
      { actions: ['s3:*'], resources: [`arn:aws:s3:::${BUCKET}`, `arn:aws:s3:::${BUCKET}/*`] },
    ]);
    const { accessKeyId, secretAccessKey, sessionToken } = await assumeRole(aws, role);
    const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
    expect(await copyTo('by-token', REGION, { ...keys, AWS_SESSION_TOKEN: sessionToken })).toMatchObject({ code: 0 });
    expectSigned({ keyId: accessKeyId, token: sessionToken });
    await expectStored('by-token');
  });
});

describe('the region of sluice copy', () => {
  it.each<[string, string[], NodeJS.ProcessEnv, string]>([
    ['--region', ['--region', 'eu-north-1'], { AWS_REGION: 'eu-west-1' }, 'eu-north-1'],
    ['AWS_REGION', [], { AWS_REGION: 'eu-west-1' }, 'eu-west-1'],
    ['the profile', [], {}, 'ap-south-1'],
  ])(
    'sluice copy signs for the region of %s first, and then for the region of the bucket',
    async (_of, options, more, region) => {
      const { accessKeyId, secretAccessKey } = aws.credentials;
      await files({
        config: '[profile mine]\nregion = ap-south-1\n',
        credentials: `[mine]\n${keysOf(accessKeyId, secretAccessKey)}`,
      });
      const key = `for-${region}`;
      expect(await copyTo(key, ['--profile', 'mine', ...options], more)).toMatchObject({ code: 0 });
      expect(seen.map((one) => one.region)).toEqual([region, ...seen.slice(1).map(() => 'us-east-1')]);
      expect(seen.length).toBeGreaterThan(1);
      await expectStored(key);
    },
  );

  it('sluice copy without any region or keys reports both at once, before the first request', async () => {
    const { code, err } = await copyTo('nothing', ['--json']);
    const { problems } = JSON.parse(err) as { problems: string[] };
    expect([code, problems]).toEqual([2, [expect.stringMatching(/region/i), expect.stringContaining('credentials')]]);
    expect([seen, web.requests.filter((one) => one.includes('nothing'))]).toEqual([[], []]);
  });
});

it('sluice copy takes the endpoint of the profile', async () => {
  const { accessKeyId, secretAccessKey } = aws.credentials;
  const config = `[profile mine]\nregion = us-east-1\nendpoint_url = ${gate.url}\n`;
  await files({ config, credentials: `[mine]\n${keysOf(accessKeyId, secretAccessKey)}` });
  expect(await copyTo('by-endpoint', ['--profile', 'mine'], { AWS_ENDPOINT_URL_S3: '' })).toMatchObject({ code: 0 });
  expectSigned({ keyId: accessKeyId });
  await expectStored('by-endpoint');
});

describe('the client of sluice copy', () => {
  it.each<[string, { bucket?: string; region?: string; config?: string }]>([
    ['for a directory bucket', { bucket: 'fast--use1-az4--x-s3' }],
    ['for a region that is none of one place', { region: 'aws-global' }],
    ['for FIPS in the name of the region', { region: 'fips-us-east-1' }],
    ['for an endpoint of the profile', { config: '[default]\nendpoint_url = http://127.0.0.1:1\n' }],
    ['for FIPS in the profile', { config: '[default]\nuse_fips_endpoint = true\n' }],
  ])("sluice copy takes the SDK's client %s", async (_when, { bucket = 'bucket', region = 'us-east-1', config }) => {
    await files({ config: config ?? '[default]\nregion = us-east-1\n' });
    const server = { endpoint: undefined, region, profile: undefined, pathStyle: false };
    const credentials = async () => ({ accessKeyId: 'a', secretAccessKey: 'b' });
    vi.stubEnv('HOME', home);
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await copyClient(bucket, { ...server, credentials })).toBeInstanceOf(S3Client);
    await files({ config: '[default]\nregion = us-east-1\n' });
  });
});
