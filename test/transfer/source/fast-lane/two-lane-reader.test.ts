import { subscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SourceForbiddenError } from '#net/errors.ts';
import { SourceGuard } from '#net/guard/source-guard.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import {
  contentBytes,
  type FaultRule,
  faults,
  type SourceServer,
  startSourceServer,
} from '#test/helpers/source-server.ts';
import { twoLaneReader } from '#transfer/source/fast-lane/two-lane-reader.ts';
import { DEFAULT_LIMITS } from '#transfer/source/limits.ts';
import type { SourceRequest } from '#transfer/source/reader.ts';

const FILE = { seed: 'lanes', length: 1_000_000 };
afterEach(() => {
  vi.unstubAllEnvs();
});

let closed = 0;
beforeEach(() => {
  closed = 0;
});

function request(
  source: SourceServer,
  headers: Record<string, string>,
  more: Partial<SourceRequest> = {},
): SourceRequest {
  const onClosed = () => {
    closed += 1;
  };
  const signal = new AbortController().signal;
  const url = new URL(source.url);
  return { url, headers, limits: DEFAULT_LIMITS, ca: source.ca, guard: LOOPBACK, signal, onClosed, ...more };
}

/** As the engine asks for parts of a pinned version. */
async function part(source: SourceServer, from: number, more?: Partial<SourceRequest>): Promise<boolean> {
  const etag = source.fileAt('/file')?.etag ?? '';
  const headers = { 'if-match': etag, 'if-range': etag, range: `bytes=${from}-${from + 9_999}` };
  const answer = await twoLaneReader(request(source, headers, more));
  const target = Buffer.alloc(10_000);
  const bytes = await answer.body.fill(target);
  expect(await answer.body.fill(new Uint8Array(1))).toBe(0);
  return bytes === 10_000 && target.equals(contentBytes('lanes', from, 10_000));
}

async function probe(source: SourceServer, headers: Record<string, string> = { range: 'bytes=0-9999' }): Promise<void> {
  const answer = await twoLaneReader(request(source, headers));
  const target = Buffer.alloc(2_000_000);
  while ((await answer.body.fill(target)) > 0);
}

/** Requests that undici has sent, as it tells its own diagnostics channel. */
function countUndici(source: SourceServer): () => number {
  let count = 0;
  subscribe('undici:request:create', (message) => {
    const { request } = message as { request: { origin: string } };
    if (request.origin === source.origin) count += 1;
  });
  return () => count;
}

it('reads probes and parts over one connection of the lane', async () => {
  await using source = await startSourceServer({ file: FILE });
  const byUndici = countUndici(source);
  await probe(source);
  for (let at = 1; at < 5; at++) expect(await part(source, at * 10_000)).toBe(true);
  expect([byUndici(), source.requests.length]).toEqual([0, 5]);
  expect(source.connections.accepted).toBe(1);
  expect(closed).toBe(5);
});

const deviations: [string, FaultRule['faults']][] = [
  ['chunks', faults.chunked()],
  ['no length', faults.closeDelimited()],
  ['a bare line feed', faults.headerGarbage('bare line feed')],
  ['two lengths alike', faults.twoContentLengths('same')],
  ['a head of 40 KB', faults.hugeHeaders(40_000)],
];

it.each(deviations)('lets undici read a deviation on, and stays with it: %s', async (_, fault) => {
  await using source = await startSourceServer({ file: FILE });
  const byUndici = countUndici(source);
  await probe(source);
  expect(await part(source, 10_000)).toBe(true);
  source.addRules({ when: { ranged: true }, faults: fault });
  const answers = await Promise.all([part(source, 20_000).catch(String), part(source, 20_000).catch(String)]);
  // undici takes the answers or fails as it always has; nothing was asked twice.
  expect([byUndici(), source.requests.length]).toEqual([2, 4]);
  expect(answers[0]).toBe(answers[1]);
  source.clearRules();
  expect(await part(source, 30_000)).toBe(true);
  expect([byUndici(), source.requests.length]).toEqual([3, 5]);
  await probe(source);
  expect([byUndici(), source.requests.length]).toEqual([4, 6]);
});

it.each<[string, FaultRule['faults']]>([
  ['in chunks', faults.chunked()],
  ['encoded', faults.gzip()],
  ['without a length', faults.closeDelimited()],
])('leaves what is no part to undici once it was answered %s, and keeps the parts', async (_, fault) => {
  await using source = await startSourceServer({ file: FILE, rules: [{ faults: fault }] });
  const byUndici = countUndici(source);
  await probe(source);
  expect([byUndici(), source.requests.length]).toEqual([1, 1]);
  source.clearRules();
  for (let at = 1; at < 3; at++) expect(await part(source, at * 10_000)).toBe(true);
  expect([byUndici(), source.requests.length]).toEqual([1, 3]);
  await probe(source);
  expect([byUndici(), source.requests.length]).toEqual([2, 4]);
});

it('reads bodies of 200, and what is no part', async () => {
  await using source = await startSourceServer({ file: FILE });
  const byUndici = countUndici(source);
  await probe(source, {});
  await probe(source);
  await probe(source, { range: 'bytes=5-' });
  await probe(source, { 'if-range': '"a"', range: 'bytes=5-' });
  expect([byUndici(), source.requests.length]).toEqual([0, 4]);
  expect(source.connections.accepted).toBe(1);
});

it('is off where a proxy is set', async () => {
  await using source = await startSourceServer({ file: FILE });
  const byUndici = countUndici(source);
  vi.stubEnv('http_proxy', 'http://proxy.example:3128');
  vi.stubEnv('no_proxy', '');
  await probe(source);
  expect(await part(source, 10_000)).toBe(true);
  expect([byUndici(), source.requests.length]).toEqual([2, 2]);
});

it('keeps what is known of an origin to the guard that let it be asked', async () => {
  await using source = await startSourceServer({ file: FILE });
  await probe(source);
  await part(source, 10_000);
  await expect(part(source, 20_000, { guard: new SourceGuard() })).rejects.toThrow(SourceForbiddenError);
  expect(source.requests.length).toBe(2);
});

it('trusts no certificate by another set of them', async () => {
  await using source = await startSourceServer({ file: FILE, tls: true });
  await probe(source);
  expect(await part(source, 10_000)).toBe(true);
  await expect(part(source, 20_000, { ca: undefined })).rejects.toThrow(/certificate/);
  expect(source.requests.length).toBe(2);
});
