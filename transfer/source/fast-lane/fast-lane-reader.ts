import { whenAborted } from '#net/signals.ts';
import { timerMilliseconds } from '#net/wait.ts';
import { SourceFaultError, SourceForbiddenError } from '../../errors.ts';
import type { SourceAnswer, SourceRequest } from '../reader.ts';
import { LaneDeviation } from './deviation.ts';
import { type LaneConnection, StaleConnectionError } from './lane-connection.ts';
import type { LanePool } from './lane-pool.ts';

/**
 * Reads by the fast lane: one request whose answer's bytes the socket writes into the caller's buffer itself.
 *
 * @param onDistrust the answer has begun well and went on in a way that this lane is not for.
 * @throws LaneDeviation where the answer isn't one for this lane: then nothing is called back, and undici may ask.
 *   SourceFaultError, SourceForbiddenError, or the signal's reason.
 */
export async function fastLaneReader(
  request: SourceRequest,
  pool: LanePool,
  onDistrust: () => void,
): Promise<SourceAnswer> {
  const { url, limits, signal } = request;
  const head = requestHead(request);
  const asking = { request, head, pool, onDistrust, until: performance.now() + limits.headSeconds * 1_000 };
  try {
    signal.throwIfAborted();
    try {
      return await ask(asking, pool.take() ?? (await dialled(asking)));
    } catch (error) {
      if (!(error instanceof StaleConnectionError)) throw error;
      // On a connection of its own this can't happen again, and the source has seen nothing of the first.
      return await ask(asking, await dialled(asking));
    }
  } catch (error) {
    if (error instanceof LaneDeviation) throw error;
    request.onClosed();
    if (signal.aborted) throw signal.reason;
    throw error instanceof SourceFaultError || error instanceof SourceForbiddenError
      ? error
      : new SourceFaultError(`no connection to ${url.origin}: ${(error as Error).message}`, { cause: error });
  }
}

interface Asking {
  readonly request: SourceRequest;
  readonly head: string;
  readonly pool: LanePool;
  readonly onDistrust: () => void;
  /** When the answer's head has to be there, by `performance.now()`. */
  readonly until: number;
}

async function dialled(asking: Asking): Promise<LaneConnection> {
  const { request, pool } = asking;
  const late = new AbortController();
  const timer = atEnd(asking, (error) => late.abort(error));
  try {
    return await pool.dial(request, AbortSignal.any([request.signal, late.signal]));
  } finally {
    clearTimeout(timer);
  }
}

function ask(asking: Asking, connection: LaneConnection): Promise<SourceAnswer> {
  const { request, head, pool, onDistrust } = asking;
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
      onOverflow: onDistrust,
      onOver(reusable, found) {
        clearTimeout(timer);
        forget();
        if (reusable) pool.giveBack(connection, found?.keepSeconds);
        // Without a head somebody else may ask in this one's place.
        if (found !== undefined) request.onClosed();
      },
    });
    const timer = atEnd(asking, (error) => exchange.fail(error));
    const forget = whenAborted(signal, () => exchange.fail(signal.reason));
    if (signal.aborted) exchange.fail(signal.reason);
  });
}

/** Where the head isn't there in time. */
function atEnd({ request, until }: Asking, then: (error: SourceFaultError) => void): NodeJS.Timeout {
  const { url, limits } = request;
  const late = () => then(new SourceFaultError(`${url.origin} sent no answer within ${limits.headSeconds} s`));
  return setTimeout(late, timerMilliseconds(Math.max(0, until - performance.now())));
}

/** @throws LaneDeviation where a header is not to be sent as it is: undici says how that ends. */
function requestHead({ url, headers }: SourceRequest): string {
  const lines = [`GET ${url.pathname}${url.search} HTTP/1.1`, `host: ${url.host}`, 'connection: keep-alive'];
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw new LaneDeviation(`the request's header ${JSON.stringify(name)} is none`);
    }
    lines.push(`${name}: ${value}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}
