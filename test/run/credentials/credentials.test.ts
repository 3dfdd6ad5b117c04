import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { PUBLIC_INTERNET } from '#net/guard/source-guard.ts';
import { type CredentialGrant, credentialGrantSchema } from '#run/credentials/credential-grant.ts';
import type { CredentialFields } from '#run/credentials/credential-reference.ts';
import { Credentials } from '#run/credentials/credentials.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';

const URL_ = 'https://api.example.org/file';
const GRANTS: CredentialGrant[] = [
  credentialGrantSchema.parse({ secret: 'vendor/*', hosts: ['api.example.org', '127.0.0.1'], http: true }),
  credentialGrantSchema.parse({ parameter: '/vendor/token', hosts: ['*.example.org'] }),
];

const aws = useEmbeddedAws();
let secrets: SecretsManagerClient;
beforeAll(async () => {
  secrets = new SecretsManagerClient(aws.client());
  const put = (Name: string, SecretString: string) => secrets.send(new CreateSecretCommand({ Name, SecretString }));
  await put('vendor/json', JSON.stringify({ token: 'hunter2', user: 'me', number: 7, nested: { a: 1 } }));
  await put('vendor/plain', 'hunter2\n');
  await put('vendor/control', 'hunter2\r\nx-evil: 1');
  await put('other', 'hunter2');
  await new SSMClient(aws.client()).send(
    new PutParameterCommand({ Name: '/vendor/token', Value: 'hunter2', Type: 'SecureString' }),
  );
});
afterEach(() => {
  vi.useRealTimers();
});

const fresh = (guard = LOOPBACK) => new Credentials(GRANTS, guard, aws.client());
const given = (fields: CredentialFields, url = URL_, credentials = fresh()) =>
  credentials.authorizer({ url, ...fields })?.();

describe('credentials', () => {
  it('a source that names no credentials has none', () => {
    expect(fresh().authorizer({ url: URL_, headers: { accept: 'text/csv' } })).toBeUndefined();
  });

  it('credentials come from Secrets Manager and SSM into headers, query and Basic authorization', async () => {
    expect(
      await given({
        headers: { 'X-Api-Key': { secret: 'vendor/json', field: 'token' }, accept: 'text/csv' },
        query: { key: { parameter: '/vendor/token' }, page: '1', n: { secret: 'vendor/json', field: 'number' } },
      }),
    ).toEqual({ headers: { 'X-Api-Key': 'hunter2' }, query: { key: 'hunter2', page: '1', n: '7' } });
    const basicAuth = { username: { secret: 'vendor/json', field: 'user' }, password: { secret: 'vendor/plain' } };
    expect(await given({ basicAuth })).toMatchObject({
      headers: { authorization: `Basic ${Buffer.from('me:hunter2').toString('base64')}` },
    });
    const headers = { authorization: { secret: 'vendor/json', field: 'token', prefix: 'Bearer ' } };
    expect(await given({ headers })).toMatchObject({ headers: { authorization: 'Bearer hunter2' } });
  });

  it('credentials are read once for many requests, and again after five minutes', async () => {
    const credentials = fresh();
    const name = 'vendor/rotated';
    await secrets.send(new CreateSecretCommand({ Name: name, SecretString: 'first' }));
    const ask = async () => (await given({ query: { key: { secret: name } } }, URL_, credentials))?.query?.key;
    expect(await Promise.all([ask(), ask()])).toEqual(['first', 'first']);
    await secrets.send(new PutSecretValueCommand({ SecretId: name, SecretString: 'second' }));
    expect(await ask()).toBe('first');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 301_000 });
    expect(await ask()).toBe('second');
  });

  it.each<[string, CredentialFields, string]>([
    ['one that is not granted', { query: { k: { secret: 'other' } } }, URL_],
    ['a host that the grant does not name', { query: { k: { secret: 'vendor/json' } } }, 'https://evil.example/'],
    ['http where https is granted', { query: { k: { parameter: '/vendor/token' } } }, 'http://api.example.org/'],
    ['one that is not there', { query: { k: { secret: 'vendor/none' } } }, URL_],
    ['a field that is not there', { query: { k: { secret: 'vendor/json', field: 'constructor' } } }, URL_],
    ['a field that is no text', { query: { k: { secret: 'vendor/json', field: 'nested' } } }, URL_],
    ['a field of what is no JSON', { query: { k: { secret: 'vendor/plain', field: 'token' } } }, URL_],
    ['a value that breaks out of its header', { headers: { x: { secret: 'vendor/control' } } }, URL_],
  ])('credentials refuse %s, without quoting the value', async (_name, fields, url) => {
    const error: unknown = await given(fields, url)?.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'CredentialError' });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error)) + String((error as Error).cause)).not.toContain(
      'hunter2',
    );
  });
});

describe('OAuth2 client credentials', () => {
  let web: Web;
  const seen: { authorization: string | undefined; body: string }[] = [];
  let answer: { status: number; body: unknown } = { status: 200, body: {} };
  let issued = 0;
  beforeAll(async () => {
    web = await startWeb(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      seen.push({ authorization: request.headers.authorization, body });
      const granted = { access_token: `token-${++issued}`, token_type: 'Bearer', expires_in: 3_600 };
      const { status } = answer;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(status === 200 ? { ...granted, ...(answer.body as object) } : answer.body));
    });
  });
  afterAll(() => web.stop());
  afterEach(() => {
    answer = { status: 200, body: {} };
    seen.length = 0;
  });

  const oauth2 = (more: Partial<NonNullable<CredentialFields['oauth2']>> = {}): CredentialFields => ({
    oauth2: {
      tokenUrl: `${web.url}/token`,
      clientId: 'an id',
      clientSecret: { secret: 'vendor/json', field: 'token' },
      clientAuthentication: 'basic',
      ...more,
    },
  });
  const tokenOf = async (credentials: Credentials, fields = oauth2()) =>
    (await given(fields, URL_, credentials))?.headers?.authorization;

  it('a token is requested once for many requests, and again shortly before it expires', async () => {
    const credentials = fresh();
    const tokens = await Promise.all([tokenOf(credentials), tokenOf(credentials), tokenOf(credentials)]);
    expect(new Set(tokens).size).toBe(1);
    expect(seen).toEqual([
      {
        authorization: `Basic ${Buffer.from('an+id:hunter2').toString('base64')}`,
        body: 'grant_type=client_credentials',
      },
    ]);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_500_000 });
    expect(await tokenOf(credentials)).toBe(tokens[0]);
    vi.setSystemTime(Date.now() + 45_000);
    expect(await tokenOf(credentials)).not.toBe(tokens[0]);
    expect(seen).toHaveLength(2);
  });

  it('the client identifies itself in the body if the server requires that, with scope and audience', async () => {
    await tokenOf(fresh(), oauth2({ clientAuthentication: 'body', scope: 'read', audience: 'a' }));
    expect(Object.fromEntries(new URLSearchParams(seen[0]?.body))).toEqual({
      grant_type: 'client_credentials',
      client_id: 'an id',
      client_secret: 'hunter2',
      scope: 'read',
      audience: 'a',
    });
  });

  it.each([
    ['a refusal', 401, { error: 'invalid_client', error_description: 'hunter2 is wrong' }, 'TokenError'],
    ['no bearer token', 200, { token_type: 'mac' }, 'TokenError'],
    ['a token that breaks out of its header', 200, { access_token: 'hunter2\r\nx: 1' }, 'TokenError'],
    ['an answer without end', 200, { more: 'x'.repeat(100_000) }, 'TokenError'],
    ['a redirect', 302, {}, 'TokenError'],
    ['a server that is down', 503, {}, 'TokenUnavailableError'],
  ])('a token request fails on %s, and the error contains nothing that was sent', async (_name, status, body, name) => {
    answer = { status, body };
    const error: unknown = await tokenOf(fresh()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name });
    expect((error as Error).message).not.toContain('hunter2');
  });

  it('a token is requested again after a failure', async () => {
    const credentials = fresh();
    answer = { status: 503, body: {} };
    await expect(tokenOf(credentials)).rejects.toThrow('503');
    answer = { status: 200, body: {} };
    expect(await tokenOf(credentials)).toMatch(/^Bearer token-/);
  });

  it('a token request passes the guard, and is sent only to granted hosts', async () => {
    await expect(tokenOf(fresh(PUBLIC_INTERNET))).rejects.toMatchObject({ name: 'SourceForbiddenError' });
    const elsewhere = oauth2({ tokenUrl: web.url.replace('127.0.0.1', 'localhost') });
    await expect(tokenOf(fresh(), elsewhere)).rejects.toMatchObject({ name: 'CredentialError' });
    expect(seen).toEqual([]);
  });
});
