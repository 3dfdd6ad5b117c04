import { expect, it } from 'vitest';
import { whenAborted } from '#net/signals.ts';
import { HostGate } from '#transfer/index.ts';

const never = new AbortController().signal;
const ORIGIN = 'https://example.com';
const url = (path: string, origin = ORIGIN) => new URL(path, origin);
const FILE = url('/file');

/** How many get in at once, of more than there may be. */
async function width(gate: HostGate, origin = ORIGIN): Promise<number> {
  const stop = new AbortController();
  const inside: (() => void)[] = [];
  const tries = Array.from({ length: 32 }, () =>
    gate.enter(origin, stop.signal).then((leave) => void inside.push(leave)),
  );
  await new Promise((resolve) => setImmediate(resolve));
  const count = inside.length;
  stop.abort(new Error('counted'));
  await Promise.allSettled(tries);
  for (const leave of inside) leave();
  return count;
}

it('the limit of a host limits the connections to each host separately', async () => {
  const gate = new HostGate(4);
  expect(await width(gate)).toBe(4);
  const held = await gate.enter(ORIGIN, never);
  expect(await width(gate)).toBe(3);
  expect(await width(gate, 'https://example.org')).toBe(4);
  held();
  held();
  expect(await width(gate)).toBe(4);
});

it('the limit of a host admits waiting requests when a connection is released, in their order', async () => {
  const gate = new HostGate(1);
  const leave = await gate.enter(ORIGIN, never);
  const order: number[] = [];
  const waiting = [1, 2].map(async (name) => {
    const out = await gate.enter(ORIGIN, never);
    order.push(name);
    out();
  });
  expect(order).toEqual([]);
  leave();
  await Promise.all(waiting);
  expect(order).toEqual([1, 2]);
});

it('the limit of a host halves the limit on a complaint, once for complaints at the same time, and raises it again slowly', async () => {
  const gate = new HostGate(8);
  gate.slowDown(FILE, undefined);
  gate.slowDown(FILE, undefined);
  gate.slowDown(FILE, undefined);
  expect(await width(gate)).toBe(4);
  gate.answeredWell(FILE);
  gate.slowDown(FILE, undefined);
  expect(await width(gate)).toBe(2);
  for (let answer = 0; answer < 10; answer++) gate.answeredWell(FILE);
  expect(await width(gate)).toBe(3);
  for (let answer = 0; answer < 100; answer++) gate.answeredWell(FILE);
  expect(await width(gate)).toBe(8);
});

it('the limit of a host never goes below one connection', async () => {
  const gate = new HostGate(2);
  for (let complaint = 0; complaint < 5; complaint++) {
    gate.answeredWell(FILE);
    gate.slowDown(FILE, undefined);
  }
  expect(await width(gate)).toBe(1);
});

it('the limit of a host blocks a URL for as long as it asked, and admits other URLs of its host', () => {
  const gate = new HostGate(2);
  gate.slowDown(FILE, 30);
  gate.slowDown(FILE, 5);
  expect(gate.pauseOf(FILE)).toBeGreaterThan(29_000);
  expect(gate.pauseOf(url('/other'))).toBe(0);
  expect(gate.pauseOf(url('/file', 'https://example.org'))).toBe(0);
  gate.answeredWell(FILE);
  expect(gate.pauseOf(FILE)).toBe(0);
});

it('the limit of a host pauses a whole host after a second URL of it complains, with no good answer in between', () => {
  const gate = new HostGate(2);
  gate.slowDown(url('/a'), 30);
  gate.answeredWell(url('/b'));
  gate.slowDown(url('/b'), 30);
  expect(gate.pauseOf(url('/c'))).toBe(0);
  gate.slowDown(url('/a'), 60);
  expect(gate.pauseOf(url('/c'))).toBeGreaterThan(59_000);
});

it('the limit of a host pauses no URL for longer than some minutes', () => {
  const gate = new HostGate(2);
  for (const path of ['/a', '/b']) gate.slowDown(url(path), 99_999_999);
  for (const path of ['/a', '/b', '/c']) expect(gate.pauseOf(url(path))).toBeLessThanOrEqual(300_000);
});

it('the limit of a host does not change when a signal ends an admitted or a waiting request', async () => {
  const gate = new HostGate(1);
  const stop = new AbortController();
  const leave = await gate.enter(ORIGIN, stop.signal);
  whenAborted(stop.signal, leave);
  const second = gate.enter(ORIGIN, stop.signal).then((out) => out());
  const third = gate.enter(ORIGIN, never);
  stop.abort(new Error('stopped'));
  await Promise.allSettled([second]);
  expect(await third).toBeTypeOf('function');
});

it('the limit of a host reports an abort to a request that lost its turn to a faster one', async () => {
  const gate = new HostGate(1);
  const stop = new AbortController();
  const leave = await gate.enter(ORIGIN, never);
  const waiting = gate.enter(ORIGIN, stop.signal);
  leave();
  void gate.enter(ORIGIN, never);
  stop.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
});

it('the limit of a host tells one owner of a connection when a request of another owner has to wait', async () => {
  const gate = new HostGate(1);
  const calls: string[] = [];
  const watch = (owner: string) => gate.whenOthersWait(ORIGIN, owner, () => void calls.push(owner));
  const leave = await gate.enter(ORIGIN, never, 'large');
  watch('large');
  const forgotten = watch('large');
  watch('large');
  forgotten();
  const stop = new AbortController();
  const own = gate.enter(ORIGIN, stop.signal, 'large');
  expect(calls).toEqual([]);
  const small = gate.enter(ORIGIN, stop.signal, 'small');
  expect(calls).toEqual(['large']);
  watch('small');
  expect(calls).toEqual(['large', 'small']);
  const other = gate.enter(ORIGIN, stop.signal, 'small');
  const last = gate.enter(ORIGIN, stop.signal, 'small');
  expect(calls).toEqual(['large', 'small', 'large']);
  leave();
  stop.abort(new Error('stopped'));
  await Promise.allSettled([own, small, other, last]);
});
