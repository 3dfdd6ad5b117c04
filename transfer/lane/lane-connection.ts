import type { Socket } from 'node:net';
import { SourceFaultError } from '../errors.ts';
import { type ExchangeEnds, LaneExchange } from './lane-exchange.ts';

/** One read without a target: a head with the beginning of its body, and the first read after each pause. */
const SCRATCH_BYTES = 65_536;

/**
 * The source had closed a kept connection before a byte of the answer came: another request costs the source nothing.
 */
export class StaleConnectionError extends Error {
  override readonly name = 'StaleConnectionError';
}

/**
 * One connection, read with `onread`: the socket writes its bytes into the current window, with no other buffer and no
 * copy.
 *
 * Node asks for the next read's window as soon as a read has ended, which may be long before the next read. So the
 * window is the scratch buffer unless a fill is under way, and bytes in the scratch buffer are copied: only bytes that
 * belong to a target are ever written into it.
 */
export class LaneConnection {
  /** The option for `dial`, before there is a socket. */
  readonly onread = {
    buffer: () => this.#exchange?.window() ?? this.#scratch,
    callback: (bytes: number, into: Uint8Array) => this.#read(bytes, into),
  };
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  readonly #onClose: () => void;
  #socket: Socket | undefined;
  #exchange: LaneExchange | undefined;
  #onSilence: (() => void) | undefined;
  #dead = false;
  #used = false;

  /** @param onClose is called once, when the socket can't be used any more. */
  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }

  /** The socket that `dial` made with `onread`. */
  attach(socket: Socket): void {
    this.#socket = socket;
    socket.on('error', (error) => this.#broke(error));
    socket.on('end', () => this.#broke(undefined, true));
    socket.on('close', () => this.#broke(undefined));
    socket.on('timeout', () => this.#onSilence?.());
    if (this.#dead) socket.destroy();
    else socket.resume();
  }

  get closed(): boolean {
    return this.#dead || this.#socket?.destroyed === true;
  }

  /** Sends a request's head. `ends` is informed about its answer. */
  begin(request: string, ends: Omit<ExchangeEnds, 'resume'>): LaneExchange {
    const socket = this.#socket;
    if (socket === undefined || this.#exchange !== undefined) throw new TypeError('this connection is not free');
    const reused = this.#used;
    this.#used = true;
    const { origin, limits, readsErrors, bodiless } = ends;
    const exchange: LaneExchange = new LaneExchange({
      origin,
      limits,
      readsErrors,
      bodiless,
      resume: () => void socket.resume(),
      onHead: (head, body) => ends.onHead(head, body),
      onNoHead: (error) => {
        const stale = reused && !exchange.begun && error instanceof ConnectionBrokenError;
        ends.onNoHead(stale ? new StaleConnectionError(error.message, { cause: error }) : error);
      },
      onOver: (reusable, head) => {
        this.#exchange = undefined;
        this.#onSilence = undefined;
        if (!reusable) this.destroy();
        // TLS may have delivered the end during a pause. Besides, an idle connection is read, so that its close is
        // noticed.
        else socket.resume();
        ends.onOver(reusable, head);
      },
    });
    this.#exchange = exchange;
    socket.ref();
    socket.write(request, 'latin1');
    return exchange;
  }

  /**
   * Sends bytes of the request's body, in writes of at most `mostBytes`. It does not resolve if the connection breaks
   * or the exchange ends meanwhile.
   */
  write(bytes: Uint8Array, mostBytes: number): Promise<void> {
    return new Promise((resolve) => {
      let at = 0;
      const next = (error?: Error | null) => {
        // The connection's own event names the cause.
        if (error || this.#exchange === undefined) return;
        if (at >= bytes.length) return resolve();
        const from = at;
        at += mostBytes;
        this.#socket?.write(bytes.subarray(from, at), next);
      };
      next();
    });
  }

  /** Sends what `writes` writes at once, in one call of the kernel if possible. */
  together<T>(writes: () => T): T {
    this.#socket?.cork();
    try {
      return writes();
    } finally {
      this.#socket?.uncork();
    }
  }

  /**
   * Calls back if nothing is sent and nothing comes for so long during the exchange. Node counts bytes that are sent
   * within one large write too.
   */
  noticeSilence(milliseconds: number, call: () => void): void {
    this.#onSilence = call;
    if (this.#socket?.timeout !== milliseconds) this.#socket?.setTimeout(milliseconds);
  }

  /** An idle connection must not keep the process alive. */
  unref(): void {
    this.#socket?.unref();
  }

  destroy(): void {
    this.#socket?.destroy();
    if (this.#dead) return;
    this.#dead = true;
    this.#onClose();
  }

  /** @returns whether to continue reading. */
  #read(bytes: number, into: Uint8Array): boolean {
    if (this.#dead) return false;
    const exchange = this.#exchange;
    if (exchange === undefined) {
      // There was no request: a late 408, or bytes after an answer.
      this.destroy();
      return false;
    }
    try {
      return into === this.#scratch ? exchange.take(this.#scratch.subarray(0, bytes)) : exchange.taken(bytes);
    } catch (error) {
      // An error of the code that reads the bytes. Above this there is only the event loop.
      exchange.fail(error);
      return false;
    }
  }

  #broke(error: Error | undefined, clean = false): void {
    this.#exchange?.connectionOver(new ConnectionBrokenError(why(error), { cause: error }), clean);
    this.destroy();
  }
}

/** The socket ended or failed. */
export class ConnectionBrokenError extends SourceFaultError {}

function why(error: (Error & { code?: string }) | undefined): string {
  if (error === undefined) return 'the source closed the connection';
  return `the connection broke: ${error.message}${error.code === undefined ? '' : ` (${error.code})`}`;
}
