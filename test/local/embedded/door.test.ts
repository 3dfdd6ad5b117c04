import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { AwsClient } from 'aws4fetch';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestAws } from '#test/helpers/embedded-aws.ts';

let aws: Awaited<ReturnType<typeof startTestAws>>;
beforeAll(async () => {
  aws = await startTestAws();
});
afterAll(() => aws.stop());

interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends a request as it is, with any Host. */
async function send({ method = 'GET', path, headers = {}, body = '' }: Sent) {
  const answer = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    const sent = request(new URL(path, aws.endpoint), { method, headers }, resolve);
    sent.once('error', reject).end(body);
  });
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

/** The headers of a rightly signed request for the list of buckets. */
async function signed(): Promise<Record<string, string>> {
  const { region, credentials } = aws.client;
  const client = new AwsClient({ ...credentials, region, service: 's3' });
  const { headers } = await client.sign(`${aws.endpoint}/`);
  return Object.fromEntries(headers);
}

it.each([
  ['a form that creates a stack, as a page can post', { method: 'POST', path: '/', body: 'Action=CreateStack' }],
  ['the same as an image tag asks for it', { path: '/?Action=CreateStack&StackName=mine&TemplateBody=%7B%7D' }],
  ['a Lambda', { method: 'POST', path: '/2015-03-31/functions', body: '{}' }],
  ['a bucket', { method: 'PUT', path: '/theirs' }],
  ['a URL presigned with no key', { path: '/theirs/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=test' }],
  ['the instance metadata', { path: '/latest/meta-data/iam/security-credentials/' }],
  ['a preflight', { method: 'OPTIONS', path: '/', headers: { 'access-control-request-method': 'POST' } }],
])('the embedded AWS refuses %s without a signature', async (_, sent) => {
  const answer = await send(sent);
  expect(answer.status).toBe(403);
  expect(answer.body).toContain('answers signed requests alone');
});

it.each(['/_ministack/reset', '/_ministack/config'])(
  'the embedded AWS refuses %s with and without a signature',
  async (path) => {
    const headers = { authorization: 'AWS4-HMAC-SHA256 Credential=x' };
    expect((await send({ method: 'POST', path, headers })).status).toBe(403);
  },
);

it.each([
  ['origin', 'http://127.0.0.1:8080'],
  ['origin', 'null'],
  ['sec-fetch-site', 'cross-site'],
  ['sec-fetch-site', 'none'],
])('the embedded AWS refuses a request of a web page, signed or not: %s: %s', async (name, value) => {
  const answer = await send({ path: '/', headers: { ...(await signed()), [name]: value } });
  expect(answer.status).toBe(403);
  expect(answer.body).toContain('answers no web page');
});

it.each(['rebound.example', 'localhost', '127.0.0.1', '127.0.0.1:1', '127.0.0.1.example:80'])(
  'the embedded AWS refuses the host %s, because a web page can make its own host name resolve to this machine',
  async (host) => {
    const own = new URL(aws.endpoint).host;
    const answer = await send({ path: '/', headers: { ...(await signed()), host } });
    expect(answer.status).toBe(403);
    expect(answer.body).toContain(`under its own address alone: ${own}`);
  },
);

it('the embedded AWS sends no header that permits a web page to read an answer', async () => {
  const answer = await send({ path: '/', headers: await signed() });
  expect(answer.status).toBe(200);
  expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
});

it('the embedded AWS answers a signed request, and any program may ask whether it is running', async () => {
  expect(await new S3Client(aws.client).send(new ListBucketsCommand())).toHaveProperty('Buckets');
  expect((await send({ path: '/_ministack/health' })).status).toBe(200);
});
