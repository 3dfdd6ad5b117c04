import { dial } from '#net/dial/dial.ts';
import { whenAborted } from '#net/signals.ts';
import { timerMilliseconds } from '#net/wait.ts';
import { PermanentTransferError, SourceFaultError } from '../errors.ts';
import { headText } from '../lane/head-text.ts';
import { type LaneConnection, StaleConnectionError } from '../lane/lane-connection.ts';
import type { LanePool } from '../lane/lane-pool.ts';
import { connectionError } from './connection-error.ts';
import { poolOf } from './lane-pools.ts';
import type { SourceAnswer, SourceRequest } from './reader.ts';

/**
 * Reads HTTP/1 with the engine's own code: the socket writes the bytes of a body directly into the caller's buffer.
 *
 * @param pool of the origin's idle connections.
 * @throws SourceFaultError, SourceForbiddenError, or the signal's reason.
 */
export async function laneReader(request: SourceRequest, pool: LanePool = poolOf(request)): Promise<SourceAnswer> {
  const { url, limits, signal } = request;
  try {
    signal.throwIfAborted();
    const asking = { request, head: requestHead(request), pool, until: performance.now() + limits.headSeconds * 1_000 };
    try {
      return await ask(asking, pool.take() ?? (await dialled(asking)));
    } catch (error) {
      if (!(error instanceof StaleConnectionError)) throw error;
      // On a new connection this can't happen again, and the source has received nothing of the first request.
      return await ask(asking, await dialled(asking));
    }
  } catch (error) {
    request.onClosed();
    if (signal.aborted) throw signal.reason;
    throw connectionError(url, error);
  }
}

interface Asking {
  readonly request: SourceRequest;
  readonly head: string;
  readonly pool: LanePool;
  /** When the answer's head must have arrived, by `performance.now()`. */
  readonly until: number;
}

async function dialled(asking: Asking): Promise<LaneConnection> {
  const { url, guard, ca, limits, signal } = asking.request;
  const tls = url.protocol === 'https:';
  const late = new AbortController();
  const timer = atEnd(asking, (error) => late.abort(error));
  const target = {
    host: url.hostname,
    port: Number(url.port || (tls ? 443 : 80)),
    tls,
    ca,
    connectSeconds: limits.connectSeconds,
    signal: AbortSignal.any([signal, late.signal]),
  };
  try {
    return await asking.pool.open((onread) => dial(guard, { ...target, onread }));
  } finally {
    clearTimeout(timer);
  }
}

function ask(asking: Asking, connection: LaneConnection): Promise<SourceAnswer> {
  const { request, head, pool } = asking;
  const { url, limits, signal } = request;
  return new Promise((resolve, reject) => {
    const exchange = connection.begin(head, {
      origin: url.origin,
      limits,
      onHead: (found, body) => {
        clearTimeout(timer);
        resolve({ url, status: found.status, headers: found.headers, body });
      },
      onNoHead: reject,
      onOver(reusable, found) {
        clearTimeout(timer);
        forget();
        if (reusable) pool.giveBack(connection, found?.keepSeconds);
        // Without a head, the request is sent again, or the caller gets the error.
        if (found !== undefined) request.onClosed();
      },
    });
    const timer = atEnd(asking, (error) => exchange.fail(error));
    const forget = whenAborted(signal, () => exchange.fail(signal.reason));
    if (signal.aborted) exchange.fail(signal.reason);
  });
}

/** Calls back if the head doesn't arrive in time. */
function atEnd({ request, until }: Asking, then: (error: SourceFaultError) => void): NodeJS.Timeout {
  const { url, limits } = request;
  const late = () => then(new SourceFaultError(`${url.origin} sent no answer within ${limits.headSeconds} s`));
  return setTimeout(late, timerMilliseconds(Math.max(0, until - performance.now())));
}

function requestHead({ url, headers }: SourceRequest): string {
  try {
    return headText('GET', url.pathname + url.search, { host: url.host, ...headers });
  } catch (error) {
    throw new PermanentTransferError(`${url.origin}: ${(error as Error).message}`, { cause: error });
  }
}
