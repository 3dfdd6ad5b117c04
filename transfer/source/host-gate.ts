import { whenAborted } from '#net/signals.ts';

/** How the connections to one host stand. */
interface Host {
  limit: number;
  active: number;
  /** Good answers since the limit was last moved. */
  good: number;
  notBefore: number;
  readonly queue: (() => void)[];
}

/** Good answers before a host that was slowed down gets another connection. */
const GOOD_ANSWERS_TO_GROW = 10;

/**
 * Bounds the connections to each host, over all transfers of the process. A host that says 429 or 503 gets half of
 * what it had, and slowly more again while it answers well.
 */
export class HostGate {
  readonly #most: number;
  readonly #hosts = new Map<string, Host>();

  /** @param most connections to one host. */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Waits for a connection's turn and for the host's own pause.
   *
   * @returns the function that gives the connection back; a second call does nothing.
   * @throws the signal's reason.
   */
  async enter(origin: string, signal: AbortSignal): Promise<() => void> {
    const host = this.#host(origin);
    signal.throwIfAborted();
    while (host.active >= host.limit) await turn(host, signal);
    host.active += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      host.active -= 1;
      if (host.active < host.limit) host.queue.shift()?.();
    };
  }

  /** Milliseconds that the host still wants to be left alone. */
  pauseOf(origin: string): number {
    return Math.max(0, this.#host(origin).notBefore - Date.now());
  }

  /** The host said 429 or 503. */
  slowDown(origin: string, retryAfterSeconds: number | undefined): void {
    const host = this.#host(origin);
    // Answers that were under way together are one complaint.
    if (host.good > 0 || host.limit === this.#most) host.limit = Math.max(1, Math.floor(host.limit / 2));
    host.good = 0;
    host.notBefore = Math.max(host.notBefore, Date.now() + (retryAfterSeconds ?? 0) * 1_000);
  }

  answeredWell(origin: string): void {
    const host = this.#host(origin);
    host.good += 1;
    if (host.limit < this.#most && host.good >= GOOD_ANSWERS_TO_GROW) {
      host.limit += 1;
      host.good = 0;
      if (host.active < host.limit) host.queue.shift()?.();
    }
  }

  #host(origin: string): Host {
    const known = this.#hosts.get(origin);
    if (known !== undefined) return known;
    const host: Host = { limit: this.#most, active: 0, good: 0, notBefore: 0, queue: [] };
    this.#hosts.set(origin, host);
    return host;
  }
}

function turn(host: Host, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const go = () => {
      forget();
      resolve();
    };
    const forget = whenAborted(signal, () => {
      const at = host.queue.indexOf(go);
      if (at !== -1) host.queue.splice(at, 1);
      reject(signal.reason);
    });
    host.queue.push(go);
  });
}
