import type { Socket } from 'node:net';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startRawServer } from '#test/helpers/raw-server.ts';
import { contentBytes, faults, startSourceServer } from '#test/helpers/source-server.ts';
import { Asker } from '#test/transfer/lane/ask.ts';
import { SourceFaultError, SourceForbiddenError, SourceGuard } from '#transfer/index.ts';
import { laneReader } from '#transfer/source/lane-reader.ts';
import type { SourceRequest } from '#transfer/source/reader.ts';

const LENGTH = 3_000_000;
const FILE = { seed: 'lane', length: LENGTH };
const MARK = 0xee;
const head = (length: number) => `HTTP/1.1 206 Partial Content\r\nContent-Length: ${length}\r\n\r\n`;

describe.each([false, true])('over TLS: %s', (tls) => {
  it('the lane reads parts one after the other over one connection, into the given buffers', async () => {
    await using source = await startSourceServer({ file: FILE, tls });
    const asker = new Asker(source.url, source);
    for (let part = 0; part < 5; part++) {
      const range = { from: part * 600_000, length: 600_000 };
      const answer = await asker.ask(range);
      const target = Buffer.alloc(range.length);
      const pieces: Buffer[] = [];
      // Copied in the callback: a piece has to be right when it is shown, not when all is over.
      const filled = await answer.body.fill(target, (piece) => {
        expect(piece.buffer).toBe(target.buffer);
        pieces.push(Buffer.from(piece));
      });
      expect(filled).toBe(range.length);
      expect(await answer.body.fill(new Uint8Array(1))).toBe(0);
      const right = contentBytes('lane', range.from, range.length);
      expect(target.equals(right)).toBe(true);
      expect(Buffer.concat(pieces).equals(right)).toBe(true);
    }
    expect(source.connections.accepted).toBe(1);
    expect(asker.closed).toBe(5);
  });

  // TLS hands on what it has decrypted whether the socket is paused or not: here some sixty times a read.
  it.each([1, 1_000, 16_384, 70_000])(
    'the lane neither loses nor moves bytes if each fill takes %i bytes',
    async (size) => {
      await using source = await startSourceServer({ file: FILE, tls });
      const asker = new Asker(source.url, source);
      const range = { from: 100_000, length: size === 1 ? 3_000 : 400_000 };
      const answer = await asker.ask(range);
      const all = Buffer.alloc(range.length, MARK);
      for (let at = 0; at < range.length; ) {
        const target = all.subarray(at, at + size);
        expect(await answer.body.fill(target)).toBe(target.length);
        at += target.length;
        if (at % 7 === 0) await sleep(0);
        expect(all.subarray(at).every((byte) => byte === MARK)).toBe(true);
      }
      expect(all.equals(contentBytes('lane', range.from, range.length))).toBe(true);
      expect(await answer.body.fill(new Uint8Array(1))).toBe(0);
    },
    60_000,
  );

  it('the lane does not treat a late 408 on an idle connection as an answer', async () => {
    await using source = await startSourceServer({ file: FILE, tls, rules: [{ faults: faults.late408(1) }] });
    const asker = new Asker(source.url, source);
    const target = Buffer.alloc(200_000, MARK);
    for (let part = 0; part < 4; part++) {
      const range = { from: part * 100_000, length: 100_000 };
      const answer = await asker.ask(range);
      expect(answer.status).toBe(206);
      await answer.body.fill(target.subarray(0, range.length));
      await expect.poll(() => source.connections.open).toBe(0);
      expect(target.subarray(0, range.length).equals(contentBytes('lane', range.from, range.length))).toBe(true);
      expect(target.subarray(range.length).every((byte) => byte === MARK)).toBe(true);
    }
    expect(source.connections.accepted).toBe(4);
  });

  it('the lane writes nowhere after an abort', async () => {
    await using source = await startSourceServer({ file: FILE, tls });
    const asker = new Asker(source.url, source);
    const stop = new AbortController();
    const answer = await asker.ask({ from: 0, length: LENGTH }, { signal: stop.signal });
    const target = Buffer.alloc(LENGTH);
    let seen = 0;
    const filling = answer.body.fill(target, (piece) => {
      seen += piece.length;
      if (seen > 500_000) stop.abort(new Error('enough'));
    });
    await expect(filling).rejects.toThrow('enough');
    target.fill(MARK);
    await sleep(50);
    expect(target.every((byte) => byte === MARK)).toBe(true);
    expect(asker.closed).toBe(1);
    await expect.poll(() => source.connections.open).toBe(0);
  });
});

it('the lane keeps a connection that the server closes out of the pool', async () => {
  await using source = await startSourceServer({ file: FILE, rules: [{ faults: faults.connectionClose() }] });
  const asker = new Asker(source.url);
  for (let part = 0; part < 3; part++) await asker.read({ from: part, length: 1_000 });
  expect(source.connections.accepted).toBe(3);
});

it('the lane treats bytes beyond the length as a fault of the answer, and writes none of them into the target', async () => {
  await using server = await startRawServer((socket) => socket.write(`${head(5)}hello, and more`));
  const asker = new Asker(server.url);
  for (let part = 1; part <= 3; part++) {
    const answer = await asker.ask({ from: 0, length: 5 });
    const target = Buffer.alloc(20, MARK);
    await expect(answer.body.fill(target)).rejects.toThrow(/more bytes than/);
    expect(target.subarray(5).every((byte) => byte === MARK)).toBe(true);
    expect(server.accepted).toBe(part);
  }
});

it('the lane finds bytes beyond the length that follow a read into the target itself', async () => {
  const length = 1_000_000;
  await using server = await startRawServer((socket) => {
    socket.write(head(length));
    socket.write(Buffer.alloc(length + 100, 'a'));
  });
  const asker = new Asker(server.url);
  const answer = await asker.ask({ from: 0, length });
  const target = Buffer.alloc(length + 1_000, MARK);
  await expect(answer.body.fill(target)).rejects.toThrow(/more bytes than/);
  expect(target.subarray(length).every((byte) => byte === MARK)).toBe(true);
});

describe('a kept connection that the server has closed', () => {
  it('a request on a connection that the server has closed is sent once more, on a new one, if no byte came', async () => {
    await using server = await startRawServer((socket, connection, request) => {
      if (connection === 1 && request === 2) socket.destroy();
      else socket.write(`${head(5)}hello`);
    });
    const asker = new Asker(server.url);
    expect(String(await asker.read({ from: 0, length: 5 }))).toBe('hello');
    expect(String(await asker.read({ from: 0, length: 5 }))).toBe('hello');
    expect(server.accepted).toBe(2);
    expect(asker.closed).toBe(2);
  });

  it('a closed connection is a fault if a byte of an answer came', async () => {
    await using server = await startRawServer((socket, _, request) => {
      socket.write(request === 1 ? `${head(5)}hello` : 'H');
      if (request === 2) socket.end();
    });
    const asker = new Asker(server.url);
    await asker.read({ from: 0, length: 5 });
    await expect(asker.read({ from: 0, length: 5 })).rejects.toThrow(SourceFaultError);
    expect(server.accepted).toBe(1);
    expect(asker.closed).toBe(2);
  });

  it('a closed connection is a fault if it was new', async () => {
    await using server = await startRawServer((socket) => socket.destroy());
    const asker = new Asker(server.url);
    await expect(asker.read({ from: 0, length: 5 })).rejects.toThrow(SourceFaultError);
    expect(server.accepted).toBe(1);
  });
});

it('the lane closes a connection that sends bytes before a request', async () => {
  let idle: Socket | undefined;
  await using talker = await startRawServer((socket) => {
    idle ??= socket;
    socket.write(`${head(5)}hello`);
  });
  const other = new Asker(talker.url);
  expect(String(await other.read({ from: 0, length: 5 }))).toBe('hello');
  // A connection is idle some turns of the event loop after the answer, when it is certain that nothing follows.
  for (let turn = 0; turn < 20; turn++) await setImmediate();
  // The head of an answer to nothing.
  idle?.write(`${head(5)}wrong`);
  await expect.poll(() => talker.open).toBe(0);
  expect(String(await other.read({ from: 0, length: 5 }))).toBe('hello');
  expect(talker.accepted).toBe(2);
});

// Less than a piece is shown only when the fill ends.
it.each([1_000, 2_000_000])('the lane fails a body of %i bytes whose reader throws', async (length) => {
  await using source = await startSourceServer({ file: FILE });
  const asker = new Asker(source.url);
  const answer = await asker.ask({ from: 0, length });
  const filling = answer.body.fill(Buffer.alloc(length), () => {
    throw new Error('a bug');
  });
  await expect(filling).rejects.toThrow('a bug');
});

it('the lane returns a redirect after reading only its head', async () => {
  const rule = { faults: [faults.redirect('/elsewhere')] };
  await using source = await startSourceServer({ file: FILE, rules: [rule] });
  const asker = new Asker(source.url);
  const { status, headers, body } = await asker.ask({ from: 0, length: 1_000 });
  expect([status, headers.location]).toEqual([302, '/elsewhere']);
  body.destroy();
  await expect.poll(() => asker.closed).toBe(1);
});

it.each([
  ['a value with a line end', { 'x-a': 'a\r\nx-b: b' }],
  ['a value beyond Latin-1', { 'x-a': 'α' }],
  ['a name with a space', { 'x a': 'a' }],
])('the lane sends no header that could be taken for another: %s', async (_, headers) => {
  await using source = await startSourceServer({ file: FILE });
  const asker = new Asker(source.url);
  await expect(asker.ask({ from: 0, length: 10 }, { headers })).rejects.toMatchObject({
    name: 'PermanentTransferError',
  });
  expect(source.connections.accepted).toBe(0);
});

describe('limits', () => {
  it('the lane ends a wait for a head at its limit', async () => {
    await using source = await startSourceServer({ file: FILE, rules: [{ faults: faults.cutHead(30, 'stall') }] });
    const asker = new Asker(source.url, { limits: { headSeconds: 0.1 } });
    await expect(asker.ask({ from: 0, length: 10 })).rejects.toThrow(/no answer within 0.1 s/);
    expect(asker.closed).toBe(1);
  });

  it('the lane ends a wait for bytes at its limit', async () => {
    await using source = await startSourceServer({ file: FILE, rules: [{ faults: faults.stall(1_000) }] });
    const asker = new Asker(source.url, { limits: { idleSeconds: 0.1 } });
    await expect(asker.read({ from: 0, length: 100_000 })).rejects.toThrow(/sent nothing for 0.1 s/);
    await expect.poll(() => source.connections.open).toBe(0);
  });

  it('the lane ends a body that arrives too slowly', async () => {
    await using source = await startSourceServer({ file: FILE, rules: [{ faults: faults.drip(20_000) }] });
    const asker = new Asker(source.url, { limits: { minSpeedSeconds: 0.3, minBytesPerSecond: 100_000 } });
    await expect(asker.read({ from: 0, length: 100_000 })).rejects.toThrow(/bytes a second/);
  });

  it('the lane does not count our pauses against a source, but counts its own slowness between them', async () => {
    await using source = await startSourceServer({ file: FILE });
    const asker = new Asker(source.url, {
      limits: { idleSeconds: 1, minSpeedSeconds: 1, minBytesPerSecond: 300_000 },
    });
    const answer = await asker.ask({ from: 0, length: 1_000_000 });
    for (let part = 0; part < 2; part++) {
      await sleep(1_200);
      expect(await answer.body.fill(Buffer.alloc(500_000))).toBe(500_000);
    }
    source.addRules({ faults: faults.drip(50_000) });
    const slow = await asker.ask({ from: 0, length: 1_000_000 });
    const reading = async () => {
      for (let part = 0; part < 50; part++) {
        await slow.body.fill(Buffer.alloc(20_000));
        await sleep(20);
      }
    };
    await expect(reading()).rejects.toThrow(/bytes a second/);
  });
});

it('the lane keeps connections to the guard that permitted them, and to one set of certificates', async () => {
  await using source = await startSourceServer({ file: FILE, tls: true });
  const read = async (more: Partial<SourceRequest>) => {
    const answer = await laneReader(new Asker(source.url, source).request({ from: 0, length: 10 }, more));
    await answer.body.fill(Buffer.alloc(20));
  };
  await read({});
  await read({});
  expect(source.connections.accepted).toBe(1);
  await expect(read({ guard: new SourceGuard() })).rejects.toThrow(SourceForbiddenError);
  await expect(read({ ca: undefined })).rejects.toThrow(/certificate/);
  expect(source.requests.length).toBe(2);
});
