import { afterAll, beforeAll, expect, it } from 'vitest';
import { SourceGuard } from '#net/guard/source-guard.ts';
import { hasty, type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { faults, type SourceServer, startSourceServer } from '#test/helpers/source-server.ts';
import { type Source, transfer } from '#transfer/index.ts';

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

it('sends no credentials, cookies or own headers to another origin', async () => {
  await using home = await startSourceServer();
  await using away = await startSourceServer({ file: { length: 1_000 } });
  redirectTo(home, `${away.origin}/away`);
  await land(home.url.replace('://', '://user:hunter2@'), STRICT, { headers: { ...SECRETS, 'user-agent': 'me/1' } });
  expect(home.requests[0]?.headers).toMatchObject(SECRETS);
  const [request] = away.requests;
  expect(request?.headers['user-agent']).toBe('me/1');
  expect(JSON.stringify(request?.headers)).not.toMatch(/hunter2|authorization|cookie|x-api-key/i);
});

it('sends none of them to its own origin again once another one has led there', async () => {
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
])('follows no redirect to %s', async (location) => {
  await using home = await startSourceServer();
  redirectTo(home, location);
  await expect(land(home.url, STRICT)).rejects.toMatchObject({ name: 'SourceForbiddenError' });
  expect(home.requests).toHaveLength(1);
});

it('checks each hop, not the first and the last only', async () => {
  const guard = new SourceGuard({ openRanges: ['127.0.0.1/32'] }, async () => [{ address: '127.0.0.2', family: 4 }]);
  await using home = await startSourceServer();
  redirectTo(home, `http://middle.example:${new URL(home.origin).port}/on`);
  await expect(land(home.url, guard)).rejects.toMatchObject({ name: 'SourceForbiddenError' });
});

it('leaves https for http only where that is allowed', async () => {
  await using secure = await startSourceServer({ tls: true });
  await using plain = await startSourceServer({ file: { length: 1_000 } });
  redirectTo(secure, `${plain.origin}/plain`);
  const ca = secure.ca as string;
  await expect(land(secure.url, STRICT, { ca })).rejects.toThrow(/from https to http/);
  expect(plain.requests).toHaveLength(0);
  expect(await land(secure.url, LOOPBACK, { ca })).toMatchObject({ status: 'landed', bytes: 1_000 });
});

it('refuses a name whose answer turns bad between two connections, within one transfer', async () => {
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

it('dials nobody but the public Internet where no guard is given', async () => {
  await using home = await startSourceServer();
  const failure = await transfer({ url: home.url }, landing.destination('none')).catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: 'SourceForbiddenError' });
  expect(home.connections.accepted).toBe(0);
});
