import { once } from 'node:events';
import { createServer as createPlainServer } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { expect, it } from 'vitest';
import { ownCalls } from '#net/own-calls.ts';
import { type RawServer, startRawServer } from '#test/helpers/raw-server.ts';
import { contentBytes, selfSignedCertificate } from '#test/helpers/source-server.ts';
import { startWeb } from '#test/helpers/web.ts';
import { sendByLane } from '#transfer/s3/lane-transport.ts';
import type { SignedRequest } from '#transfer/s3/signature.ts';
import type { WriteBody } from '#transfer/s3/transport.ts';

const LARGE = contentBytes('put', 0, 20_000_000);
const { signal } = new AbortController();
const hasIpv6 = Object.values(networkInterfaces()).some((ones) => ones?.some(({ address }) => address === '::1'));
if (!hasIpv6) console.warn('this machine has no ::1: connections by IPv6 are not tested here');

interface Sent {
  readonly url: string;
  readonly bytes: number;
  readonly stallSeconds?: number;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request for one object of the server at a URL. */
function requestTo(url: string, { method, headers = {} }: Pick<SignedRequest, 'method'> & Partial<SignedRequest>) {
  const { protocol, hostname, port, host } = new URL(url);
  const to = { method, protocol, hostname, port: Number(port), path: '/bucket/key', query: { partNumber: '1' } };
  return { ...to, headers: { host, ...headers } };
}

function put({ url, bytes, stallSeconds = 60, ...more }: Sent, body: (write: WriteBody) => Promise<void>) {
  const request = requestTo(url, { method: 'PUT', headers: { 'content-length': String(bytes), ...more.headers } });
  return sendByLane(request, body, { signal: more.signal ?? signal, stallSeconds });
}

const whole = ({ url }: Pick<RawServer, 'url'>, body: Buffer, more: Partial<Sent> = {}) =>
  put({ url, bytes: body.length, ...more }, (write) => write(body));

/** An S3 that keeps what it gets, and answers with an ETag. */
async function startKeeping() {
  const bodies: Buffer[] = [];
  const sockets = new Set<Socket>();
  const web = await startWeb(async (request, response) => {
    sockets.add(request.socket);
    bodies.push(Buffer.concat(await request.toArray()));
    response.setHeader('etag', '"etag"').end();
  });
  return { url: web.url, bodies, sockets, requests: web.requests, [Symbol.asyncDispose]: () => web.stop() };
}

/** A raw server that answers the head of each request. */
const answering = (text: string, end = false) =>
  startRawServer((socket) => void (end ? socket.end(text) : socket.write(text)));

it('the lane sends one body after another over a kept connection, in any pieces', async () => {
  await using s3 = await startKeeping();
  const first = await whole(s3, LARGE);
  expect(first).toMatchObject({ statusCode: 200, headers: { etag: '"etag"' } });
  expect(first.body).toHaveLength(0);
  await put({ url: s3.url, bytes: LARGE.length }, async (write) => {
    await write(LARGE.subarray(0, 1));
    await write(LARGE.subarray(1, 9_000_000));
    await write(LARGE.subarray(9_000_000));
  });
  expect(s3.bodies.map((body) => body.equals(LARGE))).toEqual([true, true]);
  expect(s3.requests).toEqual(Array(2).fill('PUT /bucket/key?partNumber=1'));
  // A connection is kept for seconds, so on a slow machine it may be gone before the next request.
  const requestsOnKeptOnes = async () => {
    await whole(s3, Buffer.from('x'));
    return s3.requests.length - s3.sockets.size;
  };
  await expect.poll(requestsOnKeptOnes).toBeGreaterThan(0);
});

it('the lane sends the same bytes over TLS', async () => {
  const certificate = selfSignedCertificate();
  const before = getCACertificates();
  setDefaultCACertificates([...before, certificate.cert]);
  const bodies: Buffer[] = [];
  const server = createServer(certificate, async (request, response) => {
    bodies.push(Buffer.concat(await request.toArray()));
    response.end();
  });
  try {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await whole({ url }, LARGE)).toMatchObject({ statusCode: 200 });
    expect(bodies[0]?.equals(LARGE)).toBe(true);
  } finally {
    setDefaultCACertificates(before);
    server.closeAllConnections();
    server.close();
  }
});

it('the lane tells the subscribers of each request its method, its URL without values of its query, its status and its time', async () => {
  const told: unknown[] = [];
  const note = (message: unknown) => told.push(message);
  await using s3 = await answering('HTTP/1.1 404 N\r\nContent-Length: 0\r\n\r\n');
  const nobody = 'http://127.0.0.1:1';
  ownCalls.subscribe(note);
  try {
    await whole(s3, Buffer.from('x'));
    await whole({ url: nobody }, Buffer.from('x')).catch(() => {});
  } finally {
    ownCalls.unsubscribe(note);
  }
  const { origin } = new URL(s3.url);
  const about = { method: 'PUT', milliseconds: expect.any(Number) };
  const path = '/bucket/key?partNumber=redacted';
  expect(told).toEqual([
    { ...about, url: origin + path, status: 404, error: undefined },
    { ...about, url: nobody + path, status: undefined, error: 'Error' },
  ]);
});

it.each([
  ['a length', 'HTTP/1.1 403 F\r\nContent-Length: 5\r\n\r\nhello'],
  [
    'chunks',
    'HTTP/1.1 100 C\r\n\r\nHTTP/1.1 403 F\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n',
  ],
  ['the end of the connection', 'HTTP/1.1 403 F\r\n\r\nhello', true],
])('the lane reads the body of an answer whose end is shown by %s', async (_, text, end = false) => {
  await using s3 = await answering(text, end as boolean);
  const { statusCode, body } = await whole(s3, Buffer.from('x'));
  expect([statusCode, String(body)]).toEqual([403, 'hello']);
});

it('the lane reads no body after a HEAD, and keeps the connection', async () => {
  await using s3 = await answering('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nEtag: "etag"\r\n\r\n');
  const look = () => sendByLane(requestTo(s3.url, { method: 'HEAD' }), async () => {}, { signal, stallSeconds: 60 });
  const { statusCode, headers, body } = await look();
  expect([statusCode, headers['content-length'], headers.etag, body.length]).toEqual([200, '5', '"etag"', 0]);
  const requestsOnKeptOnes = async () => {
    const accepted = s3.accepted;
    await look();
    return s3.accepted - accepted;
  };
  await expect.poll(requestsOnKeptOnes).toBe(0);
});

it('the lane says that a POST has no body', async () => {
  const heads: string[] = [];
  await using s3 = await startRawServer((socket, _connection, _request, head) => {
    heads.push(head);
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });
  await sendByLane(requestTo(s3.url, { method: 'POST' }), async () => {}, { signal, stallSeconds: 60 });
  expect(heads[0]).toMatch(/^POST \/bucket\/key\?partNumber=1 HTTP\/1\.1\r\n.*\r\ncontent-length: 0\r\n/s);
});

it.runIf(hasIpv6)('the lane connects to an IPv6 address', async () => {
  const server = createPlainServer((_, response) => response.end('here')).listen(0, '::1');
  try {
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const request = requestTo(`http://[::1]:${port}`, { method: 'GET' });
    const { body } = await sendByLane(request, async () => {}, { signal, stallSeconds: 60 });
    expect(String(body)).toBe('here');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

it('the lane returns an answer that comes before the body was sent, and closes the connection', async () => {
  // It reads only the head, so most of the body finds no room.
  await using s3 = await startRawServer((socket) => {
    socket.pause();
    socket.write('HTTP/1.1 503 Slow Down\r\nContent-Length: 4\r\n\r\nslow');
  });
  const { statusCode, body } = await whole(s3, LARGE);
  expect([statusCode, String(body)]).toEqual([503, 'slow']);
  const next = await whole(s3, Buffer.from('x'));
  expect(next.statusCode).toBe(503);
  expect(s3.accepted).toBeGreaterThan(1);
});

it('the lane does not take a 200 that comes before the body was sent as a success', async () => {
  await using s3 = await startRawServer((socket) => {
    socket.pause();
    socket.write('HTTP/1.1 200 OK\r\nEtag: "etag"\r\nContent-Length: 0\r\n\r\n');
  });
  const request = requestTo(s3.url, { method: 'PUT', headers: { 'content-length': String(LARGE.length) } });
  await expect(sendByLane(request, (write) => write(LARGE), { signal, stallSeconds: 60 })).rejects.toMatchObject({
    message: 'S3 answered 200 before it had the whole body',
    code: 'ECONNRESET',
  });
});

it.each([
  ['is closed without an answer', '', true],
  ['is cut in the head', 'HTTP/1.1 200 OK\r\nEta', true],
  ['is cut in the body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell', true],
  ['is no HTTP', '+OK POP3 ready\r\n\r\n', false],
  ['has more bytes than it says', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nsurplus', false],
])('the lane fails as a connection that broke if it %s', async (_, text, end) => {
  await using s3 = await answering(text, end);
  await expect(whole(s3, Buffer.from('x'))).rejects.toMatchObject({ name: 'AnswerClosed', code: 'ECONNRESET' });
  await expect.poll(() => s3.open).toBe(0);
});

it('the lane tells a kept connection that was dead, and closes the other kept ones', async () => {
  let forgotten = false;
  await using s3 = await startRawServer((socket) => {
    if (forgotten) socket.resetAndDestroy();
    else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });
  await Promise.all([whole(s3, Buffer.from('x')), whole(s3, Buffer.from('x'))]);
  // A connection is given back some turns of the event loop after the answer, when it is certain that nothing follows.
  for (let turn = 0; turn < 20; turn++) await setImmediate();
  forgotten = true;
  await expect(whole(s3, Buffer.from('x'))).rejects.toMatchObject({ name: 'StaleConnection', code: 'ECONNRESET' });
  await expect.poll(() => s3.open).toBe(0);
});

it('the lane gives up an S3 that is silent, but not while it waits for bytes from elsewhere', async () => {
  await using silent = await startRawServer(() => {});
  await expect(whole(silent, Buffer.from('x'), { stallSeconds: 0.3 })).rejects.toMatchObject({
    name: 'TimeoutError',
    message: 'S3 accepted and sent nothing for 0.3 s',
  });
  await expect.poll(() => silent.open).toBe(0);
  await using s3 = await startKeeping();
  const slowly = async (write: WriteBody) => {
    await write(Buffer.from('x'));
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await write(Buffer.from('y'));
  };
  expect(await put({ url: s3.url, bytes: 2, stallSeconds: 1 }, slowly)).toMatchObject({ statusCode: 200 });
});

it("the lane ends at once when the signal aborts, with the signal's reason", async () => {
  await using silent = await startRawServer(() => {});
  const stop = new AbortController();
  const putting = whole(silent, LARGE, { signal: stop.signal });
  await expect.poll(() => silent.open).toBe(1);
  stop.abort(new Error('enough'));
  await expect(putting).rejects.toThrow('enough');
  await expect.poll(() => silent.open).toBe(0);
});

it('the lane throws the error of a body that can not be read, and closes the connection', async () => {
  await using s3 = await startRawServer(() => {});
  const failing = put({ url: s3.url, bytes: 10 }, async (write) => {
    await write(Buffer.from('x'));
    throw new RangeError('the source broke');
  });
  await expect(failing).rejects.toThrow(new RangeError('the source broke'));
  await expect.poll(() => s3.open).toBe(0);
});

it('the lane refuses a header that would end its line', async () => {
  await using s3 = await answering('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  const headers = { 'x-amz-meta-name': 'a\r\nb: c' };
  await expect(whole(s3, Buffer.from('x'), { headers })).rejects.toThrow(/x-amz-meta-name.* is not sent/);
  expect(s3.accepted).toBe(0);
});
