import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, type BodyEvent, bodyLength, bodyViews, header } from './answer.ts';
import { TokenBucket } from './token-bucket.ts';

/** A connection: what is written to (TLS or not), and the TCP socket below it, which alone can reset. */
export interface Wire {
  readonly socket: Socket;
  readonly tcp: Socket;
  /** Aborted when the socket is closed. */
  readonly closed: AbortSignal;
  readonly bucket: TokenBucket | undefined;
}

export interface Sent {
  /** Body bytes handed to the socket, framing not counted. */
  bodyBytes: number;
}

/** The connection has ended, because of the client or a fault. This is not an error of the test. */
export class WireClosed extends Error {
  override readonly name = 'WireClosed';
}

/** One write's size where nothing limits the rate: large enough to cost little, small enough to stop at. */
const SLICE_BYTES = 262_144;

/**
 * Sends an answer, faults included, and counts into `sent` as it goes.
 *
 * @returns whether the connection can carry another request.
 * @throws WireClosed where the connection ended on the way.
 */
export async function sendAnswer(wire: Wire, answer: Answer, method: string, sent: Sent): Promise<boolean> {
  await pause(wire, answer.delayMilliseconds);
  for (const head of answer.interim) await write(wire, Buffer.from(head, 'latin1'));

  const bodyless = method === 'HEAD' || answer.status === 304 || answer.status === 204;
  const head = Buffer.from(headText(answer, bodyless), 'latin1');
  if (answer.headCut) {
    await write(wire, head.subarray(0, answer.headCut.bytes));
    await happen(wire, { at: 0, kind: answer.headCut.kind });
  }
  await write(wire, head);
  if (!bodyless) await sendBody(wire, answer, sent);

  if (answer.late) {
    const { milliseconds, bytes, close } = answer.late;
    setTimeout(() => {
      if (wire.closed.aborted) return;
      if (close) wire.socket.end(bytes);
      else wire.socket.write(bytes);
    }, milliseconds).unref();
  }
  if (!answer.closeAfter && answer.framing !== 'close') return true;
  wire.socket.end();
  return false;
}

function headText(answer: Answer, bodyless: boolean): string {
  const lines = [`HTTP/1.1 ${answer.status} ${answer.reason}`];
  for (const [name, value] of answer.headers) lines.push(`${name}: ${value}`);
  if (answer.framing === 'chunked' && !bodyless) lines.push('Transfer-Encoding: chunked');
  else if (answer.framing === 'length' && header(answer, 'Content-Length') === undefined && answer.status !== 304) {
    lines.push(`Content-Length: ${bodyLength(answer.body)}`);
  }
  if (answer.trailers.length > 0) lines.push(`Trailer: ${answer.trailers.map(([name]) => name).join(', ')}`);
  if (answer.closeAfter || answer.framing === 'close') lines.push('Connection: close');
  return `${lines.join('\r\n')}\r\n${answer.rawHeaders}\r\n`;
}

async function sendBody(wire: Wire, answer: Answer, sent: Sent): Promise<void> {
  const bucket = answer.bytesPerSecond === undefined ? wire.bucket : new TokenBucket(answer.bytesPerSecond);
  bucket?.begin();
  const sliceBytes = Math.min(
    SLICE_BYTES,
    bucket?.sliceBytes ?? SLICE_BYTES,
    answer.framing === 'chunked' ? answer.chunkBytes : SLICE_BYTES,
  );
  const events = [...answer.events].sort((a, b) => a.at - b.at);
  for (const view of bodyViews(answer.body)) {
    for (let from = 0; from < view.length; ) {
      while (events[0] && events[0].at <= sent.bodyBytes) await happen(wire, events.shift() as BodyEvent);
      const untilEvent = events[0] ? events[0].at - sent.bodyBytes : sliceBytes;
      const slice = view.subarray(from, from + Math.min(sliceBytes, untilEvent));
      await bucket?.take(slice.length);
      if (wire.closed.aborted) throw new WireClosed();
      sent.bodyBytes += slice.length;
      from += slice.length;
      await write(wire, answer.framing === 'chunked' ? chunk(slice, answer, sent) : slice);
    }
  }
  // An event behind the last byte cuts what follows the body, and a longer body than there is cuts nothing.
  while (events[0] && events[0].at <= sent.bodyBytes) await happen(wire, events.shift() as BodyEvent);
  if (answer.framing !== 'chunked') return;
  if (answer.chunkDefect === 'no-last-chunk') {
    wire.socket.end();
    throw new WireClosed();
  }
  const fields = answer.trailers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  await write(wire, Buffer.from(`0\r\n${fields}\r\n`));
}

/** A chunk of the body; a defect shows in the second, so that the body has begun well. */
function chunk(slice: Buffer, { chunkDefect, chunkBytes }: Answer, sent: Sent): Buffer {
  const second = sent.bodyBytes > slice.length && sent.bodyBytes - slice.length <= chunkBytes;
  const defect = second ? chunkDefect : undefined;
  const sizes: Partial<Record<NonNullable<typeof defect>, string>> = {
    'size-not-hex': 'zz',
    'size-too-large': (slice.length + 100).toString(16),
    'size-overflow': 'f'.repeat(20),
  };
  const size = (defect && sizes[defect]) ?? slice.length.toString(16);
  const end = defect === 'no-crlf-after-chunk' ? '' : '\r\n';
  return Buffer.concat([Buffer.from(`${size}\r\n`), slice, Buffer.from(end)]);
}

async function happen(wire: Wire, event: BodyEvent): Promise<void> {
  if (event.kind === 'stall') return pause(wire, event.milliseconds ?? Number.POSITIVE_INFINITY);
  // Let what was written reach the client first: a reset throws away what the kernel still holds.
  while (wire.socket.writableLength > 0 && !wire.closed.aborted) await sleep(1);
  if (event.kind === 'fin') wire.socket.end();
  else if (event.kind === 'truncate') wire.tcp.destroy();
  else wire.tcp.resetAndDestroy();
  throw new WireClosed();
}

async function pause(wire: Wire, milliseconds: number): Promise<void> {
  if (milliseconds <= 0) return;
  // The longest that a timer holds, 24 days: nobody waits that long for a test.
  await sleep(Math.min(milliseconds, 2 ** 31 - 1), undefined, { signal: wire.closed }).catch(() => {
    throw new WireClosed();
  });
}

/** Writes, and waits while the client doesn't read. */
async function write({ socket, closed }: Wire, bytes: Buffer): Promise<void> {
  if (closed.aborted) throw new WireClosed();
  if (socket.write(bytes)) return;
  await new Promise<void>((resolve, reject) => {
    const onDrain = () => {
      closed.removeEventListener('abort', onClosed);
      resolve();
    };
    const onClosed = () => {
      socket.off('drain', onDrain);
      reject(new WireClosed());
    };
    socket.once('drain', onDrain);
    closed.addEventListener('abort', onClosed, { once: true });
  });
}
