import {
  CloudWatchLogsClient,
  paginateDescribeLogGroups,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, useDeployedAws } from '#test/helpers/deployed.ts';
import { csvNamed, startWeb, type Web } from '#test/helpers/web.ts';

const aws = await useDeployedAws();

/** Each secret is used in one place, and no other text contains it. */
const planted = (name: string) => `planted-${name}-${crypto.randomUUID()}`;
const PLANTED = {
  header: planted('header'),
  query: planted('query'),
  password: planted('password'),
  client: planted('client'),
  token: planted('token'),
  redirect: planted('redirect'),
  fragment: planted('fragment'),
};
/** Typed as plain text into the list of sources: the plan has to contain it, because the request needs it. */
const TYPED = planted('typed');

/** Longer than a probe, and sent without a length: a Lambda hands such a source to a worker. */
const LONG = `number,name\n${'1,one\n'.repeat(1_500_000)}`;

let web: Web;
const refused: string[] = [];

/** A source that requires each kind of credential, and fails in ways whose errors might quote it. */
beforeAll(async () => {
  web = await startWeb(async (request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost');
    const { authorization = '' } = request.headers;
    const basic = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString();
    const wanted: Record<string, boolean> = {
      '/token': basic === `client:${PLANTED.client}`,
      '/header.csv': request.headers['x-vendor'] === PLANTED.header,
      '/query.csv': url.searchParams.get('key') === PLANTED.query,
      '/basic.csv': basic === `me:${PLANTED.password}`,
      '/oauth.csv': authorization === `Bearer ${PLANTED.token}`,
      '/redirect.csv': url.searchParams.get('key') === PLANTED.query,
      '/signed.csv': url.searchParams.get('signature') === PLANTED.redirect,
      '/typed.csv': url.searchParams.get('sig') === TYPED,
      '/handed.csv': request.headers['x-vendor'] === PLANTED.header && url.searchParams.get('key') === PLANTED.query,
      // It refuses the worker, which comes second.
      '/turned-away.csv': web.requests.filter((asked) => asked.startsWith('GET /turned-away')).length === 1,
    };
    if (url.pathname === '/echo.csv') {
      // No HTTP, and all that was sent: a parser keeps such bytes in its error.
      return void request.socket.end(`what? ${JSON.stringify(request.headers)} ${request.url}\r\n\r\n`);
    }
    const broken = url.pathname.startsWith('/broken');
    if (!broken && wanted[url.pathname] !== true) {
      refused.push(url.pathname);
      return void response.writeHead(403).end();
    }
    if (broken) return void request.socket.destroy();
    if (url.pathname === '/token') {
      const answer = { access_token: PLANTED.token, token_type: 'Bearer', expires_in: 3_600 };
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    }
    if (url.pathname === '/redirect.csv') {
      const location = `http://user:${PLANTED.password}@${request.headers.host}/signed.csv?signature=${PLANTED.redirect}#${PLANTED.fragment}`;
      return void response.writeHead(302, { location }).end();
    }
    if (/^\/(handed|turned-away)/.test(url.pathname)) return void response.writeHead(200).end(LONG);
    const body = csvNamed(url.pathname);
    response.writeHead(200, { 'content-type': 'text/csv', 'content-length': Buffer.byteLength(body) }).end(body);
  });
  const secrets = new SecretsManagerClient(aws.client);
  const { header, query, password, client } = PLANTED;
  await secrets.send(
    new CreateSecretCommand({ Name: 'e2e/vendor', SecretString: JSON.stringify({ header, password, client }) }),
  );
  await secrets.send(new CreateSecretCommand({ Name: 'e2e/text', SecretString: `${header} is no JSON` }));
  await new SSMClient(aws.client).send(
    new PutParameterCommand({ Name: '/e2e/query', Value: query, Type: 'SecureString' }),
  );
});
afterAll(() => web.stop());

async function* keysUnder(Prefix: string): AsyncGenerator<string> {
  const { client, bucket } = aws.store;
  for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix })) {
    for (const { Key = '' } of page.Contents ?? []) yield Key;
  }
}

/** Everything that the run has left, and all log lines, each with its place. */
async function* everything(run: Ended, began: number): AsyncGenerator<[where: string, text: string]> {
  const { client, bucket } = aws.store;
  const prefixes = [
    `runs/${run.runId}/`,
    `output/${run.runId}/`,
    'slots/',
    'secrets/',
    'raw/127.0.0.1/typed',
    'lists/secrets',
  ];
  for (const Prefix of prefixes) {
    for await (const Key of keysUnder(Prefix)) {
      const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key }));
      yield [`the metadata of ${Key}`, JSON.stringify({ ...head, $metadata: undefined })];
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
      yield [Key, (await Body?.transformToString()) ?? ''];
    }
  }
  yield ['the history', JSON.stringify(run.events)];
  yield ['the execution', JSON.stringify({ ...run, events: undefined })];
  const logs = new CloudWatchLogsClient(aws.client);
  for await (const groups of paginateDescribeLogGroups({ client: logs }, {})) {
    for (const { logGroupName } of groups.logGroups ?? []) {
      for await (const page of paginateFilterLogEvents({ client: logs }, { logGroupName, startTime: began })) {
        for (const { message } of page.events ?? []) yield [`log ${logGroupName}`, message ?? ''];
      }
    }
  }
}

describe('secrets of sources', () => {
  it('secrets reach their source, and no record, log line, history event or metadata of the run contains them', async () => {
    const list = [
      `${web.url}/typed.csv?sig=${TYPED}`,
      // Nobody listens there, and this one breaks each connection: the errors name URLs.
      `http://127.0.0.1:9/closed.csv?sig=${TYPED}`,
      `${web.url}/broken-typed.csv?sig=${TYPED}`,
    ];
    await aws.store.client.send(
      new PutObjectCommand({ Bucket: aws.store.bucket, Key: 'lists/secrets.txt', Body: list.join('\n') }),
    );
    const oauth2 = {
      tokenUrl: `${web.url}/token`,
      clientId: 'client',
      clientSecret: { secret: 'e2e/vendor', field: 'client' },
    };
    const header = { secret: 'e2e/vendor', field: 'header' };
    const query = { key: { parameter: '/e2e/query' } };
    const source = (name: string, more: object) => ({
      url: `${web.url}/${name}.csv`,
      key: `secrets/${name}.csv`,
      ...more,
    });
    const began = Date.now();
    const run = await aws.run({
      sources: [
        source('header', { headers: { 'x-vendor': header } }),
        source('query', { query }),
        source('basic', { basicAuth: { username: 'me', password: { secret: 'e2e/vendor', field: 'password' } } }),
        source('oauth', { oauth2 }),
        source('redirect', { query }),
        source('echo', { headers: { 'x-vendor': header }, query }),
        source('broken', { headers: { 'x-vendor': header }, query }),
        source('no-field', { headers: { 'x-vendor': { secret: 'e2e/text', field: 'header' } } }),
        source('wrong', { headers: { 'x-vendor': { secret: 'e2e/text' } }, query }),
        source('handed', { headers: { 'x-vendor': header }, query, process: null }),
        source('turned-away', { headers: { 'x-vendor': header }, query }),
        source('not-granted', { headers: { 'x-vendor': { secret: 'other' } } }),
      ],
      sourcesFrom: { key: 'lists/secrets.txt' },
      process: 'profile',
    });
    expect(run).toMatchObject({ status: 'SUCCEEDED' });
    const done = run.manifest?.done.map(({ name }) => name).filter((name) => name.startsWith('secrets/'));
    expect(done?.toSorted()).toEqual(
      ['basic', 'handed', 'header', 'oauth', 'query', 'redirect'].map((name) => `secrets/${name}.csv`),
    );
    const errors = Object.fromEntries(run.manifest?.failed.map(({ name, problem }) => [name, problem.error]) ?? []);
    expect(errors).toMatchObject({
      'secrets/no-field.csv': 'CredentialError',
      'secrets/not-granted.csv': 'CredentialError',
      'secrets/turned-away.csv': 'SourceRefusedError',
      'secrets/wrong.csv': 'SourceRefusedError',
      'secrets/broken.csv': 'SourceUnavailableError',
      'secrets/echo.csv': 'SourceUnavailableError',
    });
    expect(refused).toContain('/wrong.csv');
    // By a worker, since no Lambda could know how long it is.
    const handed: string[] = [];
    for await (const key of keysUnder(`runs/${run.runId}/handed/`)) handed.push(key);
    expect(handed).toHaveLength(2);

    const found: string[] = [];
    let looked = 0;
    let logLines = 0;
    for await (const [where, text] of everything(run, began)) {
      looked += 1;
      if (where.startsWith('log ')) logLines += 1;
      for (const [name, secret] of Object.entries(PLANTED))
        if (text.includes(secret)) found.push(`${name} in ${where}`);
      // The plan's own batches contain what was typed, and so does the list.
      const ofPlan = /^runs\/[^/]+\/(batches|transfers)\/|^lists\//.test(where);
      if (!ofPlan && text.includes(TYPED)) found.push(`typed in ${where}`);
    }
    expect(found).toEqual([]);
    expect(looked).toBeGreaterThan(40);
    expect(logLines).toBeGreaterThan(0);
  });

  it('secrets that are typed into the input are refused without being quoted', async () => {
    const secret = planted('input');
    const run = await aws.run({
      sources: [
        { url: `https://user:${secret}@example.org/a` },
        { url: 'https://example.org/b', headers: { Authorization: `Bearer ${secret}` } },
      ],
    });
    expect(run).toMatchObject({ status: 'FAILED', error: 'InvalidInputError' });
    expect(run.cause).toContain('sources[0].url');
    expect(run.cause).toContain('sources[1].headers.Authorization');
    expect(run.cause).not.toContain(secret);
  });
});
