import { DialTimeoutError, dialKnown } from '#net/dial/dial.ts';
import { tellingOfCall } from '#net/own-calls.ts';
import { whenAborted } from '#net/signals.ts';
import { timerMilliseconds } from '#net/wait.ts';
import { TransferError } from '../errors.ts';
import type { AnswerBody } from '../lane/answer-body.ts';
import type { AnswerHead } from '../lane/answer-head.ts';
import { headText } from '../lane/head-text.ts';
import { ConnectionBrokenError, type LaneConnection, StaleConnectionError } from '../lane/lane-connection.ts';
import type { LaneExchange } from '../lane/lane-exchange.ts';
import { LanePool } from '../lane/lane-pool.ts';
import { pathOf, type SignedRequest } from './signature.ts';
import type { SendOptions, SignedAnswer, WriteBody } from './transport.ts';
import {
  AnswerClosed,
  AnsweredEarly,
  checkSize,
  StaleConnection,
  StorageStalled,
  TooEarlySuccess,
  whenTooSlow,
} from './transport-errors.ts';

/** Larger writes are divided, so that an early answer is noticed before everything is sent. */
export const WRITE_BYTES = 8_388_608;
/** TLS keeps a second, encrypted copy of a whole write. */
export const TLS_WRITE_BYTES = 262_144;

/** One read of an answer's body. Most answers have none. */
const READ_BYTES = 16_384;

const pools = new Map<string, LanePool>();

/**
 * Sends a signed request over a connection of the engine's own, with the code that reads sources: a large file needs
 * hundreds of requests, and `node:http` makes a dozen objects and events for each.
 *
 * @throws what `body` throws, StaleConnection, the connection's own error, or the signal's reason.
 */
export function sendByLane(
  signed: SignedRequest,
  body: (write: WriteBody) => Promise<void>,
  options: Pick<SendOptions, 'signal' | 'stallSeconds'>,
): Promise<SignedAnswer> {
  return tellingOfCall(
    signed.method,
    () => originOf(signed) + pathOf(signed),
    () => send(signed, body, options),
    ({ statusCode }) => statusCode,
  );
}

function originOf({ protocol, hostname, port = protocol === 'https:' ? 443 : 80 }: SignedRequest): string {
  return `${protocol}//${hostname}:${port}`;
}

async function send(
  signed: SignedRequest,
  body: (write: WriteBody) => Promise<void>,
  { signal, stallSeconds }: Pick<SendOptions, 'signal' | 'stallSeconds'>,
): Promise<SignedAnswer> {
  signal.throwIfAborted();
  const head = signed.head ?? headText(signed.method, pathOf(signed), framed(signed));
  const tls = signed.protocol === 'https:';
  const { port = tls ? 443 : 80 } = signed;
  // Node requires an IPv6 address without its brackets.
  const host = signed.hostname.replace(/^\[|\]$/g, '');
  const origin = originOf(signed);
  const pool = pools.get(origin) ?? new LanePool();
  pools.set(origin, pool);
  try {
    const target = { host, port: Number(port), tls, connectSeconds: stallSeconds, signal };
    const connection = pool.take() ?? (await pool.open((onread) => dialKnown({ ...target, onread })));
    const bodiless = signed.method === 'HEAD';
    return await exchange({ connection, pool, origin, head, bodiless, tls, signal, stallSeconds }, body);
  } catch (error) {
    signal.throwIfAborted();
    // The connection that was used last is dead, so the others are too, for example in a Lambda that was frozen.
    if (error instanceof StaleConnection) pool.closeIdle();
    throw error instanceof DialTimeoutError
      ? new StorageStalled(`S3 accepted no connection for ${stallSeconds} s`)
      : error;
  }
}

/** The headers as they are sent: without a length, some servers wait for a body that a POST does not have. */
function framed({ method, headers }: SignedRequest): SignedRequest['headers'] {
  return method !== 'POST' || 'content-length' in headers ? headers : { ...headers, 'content-length': '0' };
}

interface Exchange extends Pick<SendOptions, 'signal' | 'stallSeconds'> {
  readonly connection: LaneConnection;
  readonly pool: LanePool;
  readonly origin: string;
  readonly head: string;
  /** The answer has no body, whatever its head says. */
  readonly bodiless: boolean;
  readonly tls: boolean;
}

async function exchange(
  { connection, pool, origin, head, bodiless, tls, signal, stallSeconds }: Exchange,
  body: (write: WriteBody) => Promise<void>,
): Promise<SignedAnswer> {
  const came = Promise.withResolvers<{ readonly head: AnswerHead; readonly body: AnswerBody }>();
  /** Rejects when no more bytes are wanted. */
  const stopped = Promise.withResolvers<never>();
  // Nothing may be waiting for them when they reject.
  for (const { promise } of [came, stopped]) promise.catch(() => {});
  /** Bytes for S3 are still to come from elsewhere: then the wait is not for S3. */
  let wanting = true;
  let sent = false;
  let forget = () => {};
  const begin = (): LaneExchange =>
    connection.begin(head, {
      origin,
      limits: { idleSeconds: stallSeconds, minBytesPerSecond: 0, minSpeedSeconds: stallSeconds },
      readsErrors: true,
      bodiless,
      onHead(found, answer) {
        came.resolve({ head: found, body: answer });
        // The socket may tell the end of the last write only after the answer, in the same turn of the event loop.
        setImmediate(() => {
          if (!sent) stopped.reject(new AnsweredEarly());
        });
      },
      onNoHead(error) {
        came.reject(storageError(error));
        stopped.reject(storageError(error));
      },
      onOver(reusable, found) {
        forget();
        if (reusable && sent) pool.giveBack(connection, found?.keepSeconds);
        else connection.destroy();
      },
    });
  const write: WriteBody = async (piece) => {
    wanting = false;
    await Promise.race([connection.write(piece, tls ? TLS_WRITE_BYTES : WRITE_BYTES), stopped.promise]);
    wanting = true;
  };
  const start = () => {
    const lane = begin();
    return { lane, sending: body(write) };
  };
  // TLS would copy what it gets together.
  const { lane, sending } = tls ? start() : connection.together(start);
  forget = whenAborted(signal, () => lane.fail(signal.reason));
  if (signal.aborted) lane.fail(signal.reason);
  connection.noticeSilence(timerMilliseconds(stallSeconds * 1_000), () => {
    if (!wanting) lane.fail(new StorageStalled(`S3 accepted and sent nothing for ${stallSeconds} s`));
  });
  try {
    await sending;
    sent = true;
    wanting = false;
  } catch (error) {
    if (!(error instanceof AnsweredEarly)) {
      lane.fail(error);
      throw error;
    }
  }
  const timer = whenTooSlow(stallSeconds, (error) => lane.fail(error));
  try {
    const { head: found, body: answer } = await came.promise;
    if (!sent && found.status < 300) {
      answer.destroy();
      throw new TooEarlySuccess(found.status);
    }
    return {
      statusCode: found.status,
      reason: undefined,
      headers: { ...found.headers },
      // Servers exist that send a body with the answer to a HEAD.
      body: await readWhole(found, answer, lane.hasFailed && !bodiless),
    };
  } finally {
    clearTimeout(timer);
  }
}

/** @param hasFailed whether the answer is faulty: then reading it throws its fault. */
async function readWhole({ framing }: AnswerHead, body: AnswerBody, hasFailed: boolean): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let all = 0;
  let more = hasFailed || framing.kind !== 'length' || framing.bytes > 0;
  try {
    while (more) {
      const piece = Buffer.allocUnsafe(READ_BYTES);
      const bytes = await body.fill(piece);
      pieces.push(piece.subarray(0, bytes));
      all += bytes;
      checkSize(all);
      more = bytes === piece.length;
    }
  } catch (error) {
    body.destroy();
    throw storageError(error);
  }
  return Buffer.concat(pieces);
}

/** The lane's errors speak of a source, and would count as its faults. */
function storageError(error: unknown): unknown {
  if (error instanceof StaleConnectionError)
    return new StaleConnection('S3 had closed the connection', { cause: error });
  if (error instanceof ConnectionBrokenError) {
    const { cause } = error;
    return new AnswerClosed(
      cause instanceof Error
        ? `the connection to S3 broke: ${cause.message}`
        : 'S3 closed the connection before its answer ended',
      { cause },
    );
  }
  return error instanceof TransferError
    ? new AnswerClosed(`the answer of S3 can not be read: ${error.message}`, { cause: error })
    : error;
}
