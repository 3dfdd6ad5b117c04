import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { whenAborted } from '#net/signals.ts';
import { timerMilliseconds } from '#net/wait.ts';
import { TLS_WRITE_BYTES, WRITE_BYTES } from './lane-transport.ts';
import { pathOf, type SignedRequest } from './signature.ts';
import type { Agents, SendOptions, SignedAnswer, WriteBody } from './transport.ts';
import {
  AnswerClosed,
  AnsweredEarly,
  checkSize,
  StaleConnection,
  StorageStalled,
  TooEarlySuccess,
  whenTooSlow,
} from './transport-errors.ts';

/** How long to wait for S3 to say whether it wants the body. */
const CONTINUE_MILLISECONDS = 1_000;

/** The engine's own agents, for clients that bring none. */
const own = { http: new Agent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };

/**
 * Sends a signed request by `node:http`, over an agent of the caller, which may have its own certificates, proxy and
 * limits. A continuation is awaited here too.
 *
 * @throws what `body` throws, StaleConnection, the connection's own error, or the signal's reason.
 */
export async function sendByHttp(
  signed: SignedRequest,
  body: (write: WriteBody) => Promise<void>,
  options: SendOptions,
): Promise<SignedAnswer> {
  const { signal } = options;
  const request = begin(signed, options);
  const answer = answerOf(request, options.stallSeconds);
  const forget = whenAborted(signal, () => request.destroy(signal.reason));
  let timer: NodeJS.Timeout | undefined;
  try {
    if (options.askFirst) await Promise.race([continued(request), answer.came]);
    const mostBytes = signed.protocol === 'https:' ? TLS_WRITE_BYTES : WRITE_BYTES;
    const isSent = await writeBody(request, body, answer, mostBytes);
    timer = whenTooSlow(options.stallSeconds, (error) => (answer.message ?? request).destroy(error));
    const message = await answer.came;
    const { statusCode = 0 } = message;
    if (!isSent && statusCode < 300) throw new TooEarlySuccess(statusCode);
    return await read(message);
  } catch (error) {
    signal.throwIfAborted();
    const { code } = error as { code?: string };
    if (request.reusedSocket && answer.message === undefined && (code === 'ECONNRESET' || code === 'EPIPE')) {
      closeIdle(agentFor(signed, options.agents));
      throw new StaleConnection('S3 had closed the connection', { cause: error });
    }
    throw error;
  } finally {
    forget();
    clearTimeout(timer);
    // After a complete exchange, the socket belongs to the agent again, and this does nothing.
    if (!request.writableFinished) request.destroy();
  }
}

/**
 * The agent returns the connection that was used last: if that one is dead, the others are too, for example all at once
 * in a Lambda that was frozen meanwhile.
 */
function closeIdle(agent: Agent): void {
  for (const sockets of Object.values(agent.freeSockets)) {
    for (const socket of sockets ?? []) socket.destroy();
  }
}

function agentFor({ protocol }: SignedRequest, { http = own.http, https = own.https }: Agents): Agent {
  return protocol === 'https:' ? https : http;
}

function begin(signed: SignedRequest, { agents, askFirst }: SendOptions): ClientRequest {
  const { headers } = signed;
  return (signed.protocol === 'https:' ? httpsRequest : httpRequest)({
    protocol: signed.protocol,
    // Node requires an IPv6 address without its brackets.
    host: signed.hostname.replace(/^\[|\]$/g, ''),
    ...(signed.port === undefined ? {} : { port: signed.port }),
    method: signed.method,
    path: pathOf(signed),
    headers: askFirst ? { ...headers, expect: '100-continue' } : headers,
    agent: agentFor(signed, agents),
  });
}

interface Coming {
  readonly came: Promise<IncomingMessage>;
  message: IncomingMessage | undefined;
  /** Whether bytes for S3 are still to come from elsewhere: then the wait is not for S3. */
  wanting: boolean;
}

function answerOf(request: ClientRequest, stallSeconds: number): Coming {
  const coming: Omit<Coming, 'came'> = { message: undefined, wanting: false };
  const stalled = (what: string) => request.destroy(new StorageStalled(`S3 ${what} for ${stallSeconds} s`));
  const stallMilliseconds = timerMilliseconds(stallSeconds * 1_000);
  const came = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', (message) => {
      coming.message = message;
      resolve(message);
    });
    request.on('error', reject);
    // Node counts bytes that are sent within one large write as activity too.
    request.setTimeout(stallMilliseconds).on('timeout', () => {
      if (!coming.wanting) stalled('accepted and sent nothing');
    });
    // This timeout begins only after the connection exists.
    request.once('socket', (socket) => {
      if (!socket.connecting) return;
      const timer = setTimeout(() => stalled('accepted no connection'), stallMilliseconds);
      const forget = () => clearTimeout(timer);
      socket.once('connect', forget).once('close', forget);
    });
  });
  // The code that awaits it first throws its error; nothing may be waiting when the error occurs.
  came.catch(() => {});
  return Object.assign(coming, { came });
}

function continued(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, CONTINUE_MILLISECONDS);
    const go = () => {
      clearTimeout(timer);
      resolve();
    };
    request.once('continue', go).once('close', go);
    request.flushHeaders();
  });
}

/** @returns false if the answer came before the whole body was written. */
async function writeBody(
  request: ClientRequest,
  body: (write: WriteBody) => Promise<void>,
  answer: Coming,
  mostBytes: number,
): Promise<boolean> {
  const writeOnce = (piece: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      // The request's own event names the cause; the write's error may only say that it was destroyed.
      const over = () => {
        answer.came.then(() => reject(new AnsweredEarly()), reject);
      };
      // The socket may report the end of a write only after the answer, in the same turn of the event loop.
      const overSoon = () => setImmediate(over);
      if (answer.message || request.destroyed) return over();
      // A write that is under way when the connection breaks, or when S3 reads no further, may never call back.
      request.once('close', over).once('response', overSoon);
      request.write(piece, (error) => {
        request.off('close', over).off('response', overSoon);
        if (error) over();
        else resolve();
      });
    });
  const write: WriteBody = async (piece) => {
    answer.wanting = false;
    for (let at = 0; at < piece.length; at += mostBytes) await writeOnce(piece.subarray(at, at + mostBytes));
    answer.wanting = true;
  };
  try {
    answer.wanting = true;
    await body(write);
    answer.wanting = false;
    request.end();
    return true;
  } catch (error) {
    if (error instanceof AnsweredEarly) return false;
    request.destroy(error as Error);
    throw error;
  }
}

/** Most answers have no body: events cost less than an iterator. */
function read(message: IncomingMessage): Promise<SignedAnswer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let all = 0;
    message
      .on('data', (piece: Buffer) => {
        pieces.push(piece);
        all += piece.length;
        try {
          checkSize(all);
        } catch (error) {
          message.destroy(error as Error);
        }
      })
      .once('error', reject)
      .once('close', () => reject(new AnswerClosed('the answer was closed before its end')))
      .once('end', () => {
        const headers: Record<string, string> = {};
        for (const [name, value] of Object.entries(message.headers)) {
          if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
        }
        const { statusCode = 0, statusMessage: reason } = message;
        resolve({ statusCode, reason, headers, body: Buffer.concat(pieces) });
      });
  });
}
