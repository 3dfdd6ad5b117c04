import { whenAborted } from '#net/signals.ts';

/** How the connections to one host stand. */
interface Host {
  limit: number;
  active: number;
  /** Good answers since the limit was last moved. */
  good: number;
  notBefore: number;
  /** When each URL of it that complained may be asked again. */
  readonly pauses: Map<string, number>;
  /** The URL that complained last, where no good answer has come since. */
  complained: string | undefined;
  readonly queue: (() => void)[];
}

/**
 * No source is left alone for longer than this on its own word: a wrong clock or a typing error would block it for the
 * life of the process. Whoever waits longer asks again, and is told again.
 */
export const LONGEST_PAUSE_SECONDS = 300;

/** URLs of one host whose pauses are kept. */
const MOST_PAUSES = 1_000;

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

  /** Milliseconds that a URL, or its host as a whole, still wants to be left alone. */
  pauseOf(url: URL): number {
    const host = this.#host(url.origin);
    const notBefore = Math.max(host.notBefore, host.pauses.get(url.href) ?? 0);
    return Math.max(0, notBefore - Date.now());
  }

  /**
   * A URL was answered by 429 or 503. Its Retry-After speaks for the URL alone, and for its host once another URL of it has
   * complained too, with no good answer in between.
   */
  slowDown(url: URL, retryAfterSeconds: number | undefined): void {
    const host = this.#host(url.origin);
    // Answers that were under way together are one complaint.
    if (host.good > 0 || host.limit === this.#most) host.limit = Math.max(1, Math.floor(host.limit / 2));
    host.good = 0;
    const seconds = Math.min(LONGEST_PAUSE_SECONDS, retryAfterSeconds ?? 0);
    const notBefore = Math.max(host.pauses.get(url.href) ?? 0, Date.now() + seconds * 1_000);
    host.pauses.set(url.href, notBefore);
    const [oldest] = host.pauses.keys();
    if (host.pauses.size > MOST_PAUSES && oldest !== undefined) host.pauses.delete(oldest);
    const repeated = host.complained !== undefined && host.complained !== url.href;
    if (repeated) host.notBefore = Math.max(host.notBefore, notBefore);
    host.complained = url.href;
  }

  answeredWell(url: URL): void {
    const host = this.#host(url.origin);
    host.good += 1;
    host.complained = undefined;
    host.pauses.delete(url.href);
    if (host.limit < this.#most && host.good >= GOOD_ANSWERS_TO_GROW) {
      host.limit += 1;
      host.good = 0;
      if (host.active < host.limit) host.queue.shift()?.();
    }
  }

  #host(origin: string): Host {
    const known = this.#hosts.get(origin);
    if (known !== undefined) return known;
    const host: Host = {
      limit: this.#most,
      active: 0,
      good: 0,
      notBefore: 0,
      pauses: new Map(),
      complained: undefined,
      queue: [],
    };
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
