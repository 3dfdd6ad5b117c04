import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loopbackRanges } from '#local/loopback-ranges.ts';
import { SourceGuard } from '#net/guard/source-guard.ts';
import { hasty, type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { faults, type SourceServer, startSourceServer } from '#test/helpers/source-server.ts';
import { openTransfer, resumeTransfer, type Source, type TransferOptions, transfer } from '#transfer/index.ts';

const SECRETS = { authorization: 'Bearer hunter2', cookie: 'session=hunter2', 'x-api-key': 'hunter2' };
const STRICT = new SourceGuard({ openRanges: ['127.0.0.0/8'] });

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

let keys = 0;
const land = (url: string, guard: SourceGuard, more: Partial<Source> = {}) =>
  transfer(hasty(url, more), landing.destination(`redirect-${++keys}`), { guard });

const redirectTo = (server: SourceServer, location: string) =>
  server.addRules({ when: { path: '/file' }, faults: faults.redirect(location) });

it('the engine sends no credentials, cookies or own headers to another origin', async () => {
  await using home = await startSourceServer();
  await using away = await startSourceServer({ file: { length: 1_000 } });
  redirectTo(home, `${away.origin}/away`);
  await land(home.url.replace('://', '://user:hunter2@'), STRICT, { headers: { ...SECRETS, 'user-agent': 'me/1' } });
  expect(home.requests[0]?.headers).toMatchObject(SECRETS);
  const [request] = away.requests;
  expect(request?.headers['user-agent']).toBe('me/1');
  expect(JSON.stringify(request?.headers)).not.toMatch(/hunter2|authorization|cookie|x-api-key/i);
});

it('the engine sends no credentials to its own origin after a redirect through another one', async () => {
  await using home = await startSourceServer({ file: { length: 1_000 } });
  await using away = await startSourceServer();
  redirectTo(home, `${away.origin}/bounce`);
  away.addRules({ when: { path: '/bounce' }, faults: faults.redirect(`${home.origin}/chosen-by-away`) });
  await land(home.url, STRICT, { headers: SECRETS });
  const chosen = home.requests.filter(({ path }) => path === '/chosen-by-away');
  expect(chosen.length).toBeGreaterThan(0);
  expect(JSON.stringify(chosen.map(({ headers }) => headers))).not.toContain('hunter2');
});

it.each([
  'http://169.254.169.254/latest/meta-data/iam/security-credentials/',
  'http://169.254.170.2/v2/credentials',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[fd00:ec2::254]/',
  'http://2852039166/',
  'http://10.0.0.1/',
])('the engine follows no redirect to %s', async (location) => {
  await using home = await startSourceServer();
  redirectTo(home, location);
  await expect(land(home.url, STRICT)).rejects.toMatchObject({ name: 'SourceForbiddenError' });
  expect(home.requests).toHaveLength(1);
});

it('the engine follows no redirect to another port of an address of which only one port is opened, as the local run opens its own source', async () => {
  await using home = await startSourceServer();
  await using embeddedAws = await startSourceServer();
  const guard = new SourceGuard({ openRanges: loopbackRanges([home.url]) });
  expect(await land(home.url, guard)).toMatchObject({ status: 'landed' });
  redirectTo(home, `${embeddedAws.origin}/?Action=CreateStack`);
  await expect(land(home.url, guard)).rejects.toMatchObject({ name: 'SourceForbiddenError' });
  expect(embeddedAws.connections.accepted).toBe(0);
});

it('the engine checks each redirect, not only the first and the last', async () => {
  const guard = new SourceGuard({ openRanges: ['127.0.0.1/32'] }, async () => [{ address: '127.0.0.2', family: 4 }]);
  await using home = await startSourceServer();
  redirectTo(home, `http://middle.example:${new URL(home.origin).port}/on`);
  await expect(land(home.url, guard)).rejects.toMatchObject({ name: 'SourceForbiddenError' });
});

it('the engine follows a redirect from https to http only if the options allow it', async () => {
  await using secure = await startSourceServer({ tls: true });
  await using plain = await startSourceServer({ file: { length: 1_000 } });
  redirectTo(secure, `${plain.origin}/plain`);
  const ca = secure.ca as string;
  await expect(land(secure.url, STRICT, { ca })).rejects.toThrow(/from https to http/);
  expect(plain.requests).toHaveLength(0);
  expect(await land(secure.url, LOOPBACK, { ca })).toMatchObject({ status: 'landed', bytes: 1_000 });
});

it('the engine refuses a name whose address becomes forbidden between two connections of one transfer', async () => {
  const length = 20 * 1_048_576;
  await using home = await startSourceServer({ file: { length }, rules: [{ faults: faults.connectionClose() }] });
  let asked = 0;
  const guard = new SourceGuard({ openRanges: ['127.0.0.1/32'] }, async () => {
    asked += 1;
    return [{ address: asked === 1 ? '127.0.0.1' : '169.254.169.254', family: 4 }];
  });
  const url = `http://rebinding.example:${new URL(home.origin).port}/file`;
  await expect(land(url, guard)).rejects.toMatchObject({ name: 'SourceForbiddenError' });
  expect(asked).toBeGreaterThanOrEqual(2);
});

it('the engine dials only the public Internet if no guard is given', async () => {
  await using home = await startSourceServer();
  const failure = await transfer({ url: home.url }, landing.destination('none')).catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: 'SourceForbiddenError' });
  expect(home.connections.accepted).toBe(0);
});

describe('a source behind a redirect', () => {
  const LENGTH = 40 * 1_048_576;
  const PARTS: TransferOptions = { guard: LOOPBACK, bufferBytes: 5 * 1_048_576, connections: 3 };
  const hops = (source: SourceServer) => source.requests.filter(({ path }) => path === '/start').length;
  const start = () =>
    startSourceServer({
      file: { seed: 'v1', length: LENGTH },
      rules: [{ when: { path: '/start' }, faults: faults.redirect('/file') }],
    });

  it.each(['a key', 'a prefix'])(
    'the engine asks for the target of a redirect once in a transfer of eight parts to %s',
    async (to) => {
      await using source = await start();
      const { key, ...unnamed } = landing.destination('hops/file');
      const destination = to === 'a key' ? { ...unnamed, key } : { ...unnamed, prefix: 'hops/' };
      const landed = await transfer({ url: `${source.origin}/start` }, destination, PARTS);
      expect(landed.parts).toBe(8);
      expect(hops(source)).toBe(1);
    },
  );

  it('each process that opens or resumes a transfer asks for the target of a redirect once', async () => {
    await using source = await start();
    const from = { url: `${source.origin}/start` };
    const destination = landing.destination('hops/steps');
    const opened = await openTransfer(from, destination, PARTS);
    if (opened.kind !== 'ranged') throw new Error(opened.kind);
    const first = await opened.transfer.uploadSlice({ first: 1, last: 4 });
    expect(hops(source)).toBe(1);
    const resumed = resumeTransfer(opened.state, from, destination, PARTS);
    const second = await resumed.uploadSlice({ first: 5, last: 6 });
    const third = await resumed.uploadSlice({ first: 7, last: 8 });
    const proofs = [first, second, third].flatMap((outcome) => outcome.proofs);
    const landed = await resumed.close({ proofs });
    await landing.expectLanded('hops/steps', 'v1', LENGTH, landed);
    expect(hops(source)).toBe(2);
  });
});

it('the engine counts each retry of a transfer once, whoever closes it', async () => {
  await using source = await startSourceServer({
    file: { seed: 'v1', length: 40 * 1_048_576 },
    rules: [{ when: { offset: (offset) => offset > 0, nth: [2, 4] }, faults: faults.status(500) }],
  });
  const options: TransferOptions = { guard: LOOPBACK, bufferBytes: 5 * 1_048_576, connections: 2 };
  const opened = await openTransfer(hasty(source.url), landing.destination('retries'), options);
  if (opened.kind !== 'ranged') throw new Error(opened.kind);
  const slices = [
    { first: 1, last: 4 },
    { first: 5, last: 8 },
  ];
  const outcomes = await Promise.all(slices.map((slice) => opened.transfer.uploadSlice(slice)));
  expect(outcomes.reduce((sum, { retries }) => sum + retries, 0)).toBe(2);
  const proofs = outcomes.flatMap((outcome) => outcome.proofs);
  expect(await opened.transfer.close({ proofs })).toMatchObject({ status: 'landed', retries: 2 });
});
