import { afterAll, beforeAll, expect, it } from 'vitest';
import { hasty, type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { faults, startSourceServer } from '#test/helpers/source-server.ts';
import { transfer } from '#transfer/index.ts';
import { isOfType, noteOnHtml } from '#transfer/proof/content-type.ts';

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

it.each([
  ['text/csv', 'text/csv', true],
  ['Text/CSV; charset=utf-8', 'text/csv', true],
  ['text/csv', 'text/*', true],
  ['text/html', 'text/csv', false],
  ['textual/csv', 'text/*', false],
  [undefined, 'text/csv', false],
])('%s is of %s: %s', (type, wanted, right) => {
  expect(isOfType(type, wanted)).toBe(right);
});

it.each([
  ['text/html', 'https://example.com/a.csv', true],
  ['text/html; charset=utf-8', 'https://example.com/a.tar.GZ?x=1', true],
  ['application/xhtml+xml', 'https://example.com/a.json', true],
  ['text/html', 'https://example.com/a.html', false],
  ['text/html', 'https://example.com/export?format=csv', false],
  ['text/csv', 'https://example.com/a.csv', false],
  [undefined, 'https://example.com/a.csv', false],
])('%s at %s is noted: %s', (type, url, right) => {
  expect(noteOnHtml(type, url) !== undefined).toBe(right);
});

it.each([1_000, 11 * 1_048_576])(
  'the engine refuses %i bytes of another type than the expected one, and notes HTML otherwise',
  async (length) => {
    await using source = await startSourceServer({
      file: { seed: 'v1', length },
      rules: [{ faults: faults.headers({ 'Content-Type': 'text/html; charset=utf-8' }) }],
    });
    source.setFile('/data.csv', { seed: 'v1', length });
    const url = `${source.origin}/data.csv`;
    const options = { guard: LOOPBACK, bufferBytes: 5 * 1_048_576 };
    const key = `type/${length}`;
    const asCsv = hasty(url, { expect: { contentType: 'text/csv' } });
    await expect(transfer(asCsv, landing.destination(key), options)).rejects.toMatchObject({
      name: 'ProofFailedError',
      proof: 'expect.contentType',
    });
    await landing.expectNothing(key);
    const landed = await transfer(hasty(url), landing.destination(key), options);
    expect(landed.notes).toEqual([expect.stringMatching(/a page of HTML/)]);
    // What has landed as HTML is not taken for what is expected now.
    await expect(transfer(asCsv, landing.destination(key), options)).rejects.toMatchObject({
      name: 'ProofFailedError',
    });
    source.clearRules();
    source.addRules({ faults: faults.headers({ 'Content-Type': 'text/csv' }) });
    const again = await transfer(asCsv, landing.destination(key, { ifExists: 'overwrite' }), options);
    expect(again.proofs.held).toContain('expect.contentType');
    expect(await transfer(asCsv, landing.destination(key), options)).toMatchObject({ status: 'unchanged' });
  },
);
