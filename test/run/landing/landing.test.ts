import { expect, it } from 'vitest';
import { Credentials } from '#run/credentials/credentials.ts';
import type { SourceItem } from '#run/item.ts';
import { sourceOf } from '#run/landing/landing.ts';
import { hasty, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { faults, startSourceServer } from '#test/helpers/source-server.ts';
import { transfer } from '#transfer/index.ts';

it('the landing of a source passes no credential reference to the engine as a header, and reads no credentials if there are none', () => {
  const item: SourceItem = {
    kind: 'source',
    id: '0'.repeat(32),
    url: 'https://example.org/a',
    key: 'a',
    process: null,
    headers: { accept: 'text/csv', 'x-key': { secret: 'vendor' } },
  };
  const credentials = new Credentials([], LOOPBACK);
  expect(sourceOf(item, credentials)).toMatchObject({
    headers: { accept: 'text/csv' },
    authorize: expect.any(Function),
  });
  expect(sourceOf(item, credentials).headers).not.toHaveProperty('x-key');
  expect(sourceOf({ ...item, headers: { accept: 'text/csv' } }, credentials)).not.toHaveProperty('authorize');
});

it("the landing of a source reads credentials for each request, so that a token may expire during a transfer, and sends them only to the source's own host", async () => {
  await using landing = await startLanding();
  await using away = await startSourceServer({ file: { length: 12_000_000 } });
  await using home = await startSourceServer({
    rules: [{ faults: faults.redirect(`${away.origin}/away`) }],
    file: { length: 12_000_000 },
  });
  let token = 0;
  const authorize = async () => ({ headers: { authorization: `Bearer ${++token}` }, query: { key: 'hunter2' } });
  const options = { guard: LOOPBACK, bufferBytes: 5_242_880, connections: 1 };
  await transfer(hasty(home.url, { authorize }), landing.destination('away'), options);
  expect(home.requests[0]?.headers.authorization).toBe('Bearer 1');
  expect(home.requests[0]?.target).toContain('key=hunter2');
  expect(JSON.stringify(away.requests)).not.toMatch(/Bearer|hunter2/);

  home.clearRules();
  await transfer(hasty(home.url, { authorize }), landing.destination('home'), options);
  const tokens = home.requests.slice(1).map(({ headers }) => headers.authorization);
  expect(tokens.length).toBeGreaterThan(2);
  expect(new Set(tokens).size).toBe(tokens.length);
});
