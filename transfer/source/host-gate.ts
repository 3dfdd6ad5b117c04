import { whenAborted } from '#net/signals.ts';

/** The state of the connections to one host. */
interface Host {
  limit: number;
  active: number;
  /** Good answers since the limit was last changed. */
  good: number;
  notBefore: number;
  /** When each of its URLs that complained may be asked again. */
  readonly pauses: Map<string, number>;
  /** The URL that complained last, if no good answer has come since. */
  complained: string | undefined;
  readonly queue: Waiting[];
  readonly watches: Set<Watch>;
}

/** A request that waits for a connection. */
interface Waiting {
  readonly owner: unknown;
  readonly go: () => void;
}

/** A call for the time when a request of another owner has to wait. */
interface Watch {
  readonly owner: unknown;
  readonly call: () => void;
}

/**
 * The longest time that a source can block requests: a wrong clock or a typing error would otherwise block it for the
 * life of the process. After this time, the next request gets the same answer again.
 */
export const LONGEST_PAUSE_SECONDS = 300;

/** The number of URLs of one host whose pauses are stored. */
const MOST_PAUSES = 1_000;

/** Good answers after which a slowed host gets another connection. */
const GOOD_ANSWERS_TO_GROW = 10;

/**
 * Limits the connections to each host, over all transfers of the process. A host that answers 429 or 503 gets half as
 * many, and slowly more again while its answers are good.
 */
export class HostGate {
  readonly #most: number;
  readonly #hosts = new Map<string, Host>();

  /** @param most connections to one host. */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Waits for a connection's turn.
   *
   * @param owner whose request it is, for `whenOthersWait`.
   * @returns the function that returns the connection; a second call does nothing.
   * @throws the signal's reason.
   */
  async enter(origin: string, signal: AbortSignal, owner?: unknown): Promise<() => void> {
    const host = this.#host(origin);
    signal.throwIfAborted();
    while (host.active >= host.limit) await turn(host, owner, signal);
    host.active += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      host.active -= 1;
      if (host.active < host.limit) host.queue.shift()?.go();
    };
  }

  /** Whether all connections to the host are in use. */
  isFull(origin: string): boolean {
    const host = this.#host(origin);
    return host.active >= host.limit;
  }

  /**
   * Calls back once, at once or later, if a request of another owner has to wait for a connection to the host.
   *
   * @returns a function that ends this.
   */
  whenOthersWait(origin: string, owner: unknown, call: () => void): () => void {
    const { queue, watches } = this.#host(origin);
    if (queue.some((waiting) => waiting.owner !== owner)) {
      call();
      return () => {};
    }
    const watch = { owner, call };
    watches.add(watch);
    return () => void watches.delete(watch);
  }

  /** Milliseconds until a URL, or its host as a whole, may be asked again. */
  pauseOf(url: URL): number {
    const host = this.#host(url.origin);
    const notBefore = Math.max(host.notBefore, host.pauses.get(url.href) ?? 0);
    return Math.max(0, notBefore - Date.now());
  }

  /**
   * Records that a URL answered 429 or 503. Its Retry-After applies only to the URL. It applies to the host if another
   * URL of the host has complained too, with no good answer in between.
   */
  slowDown(url: URL, retryAfterSeconds: number | undefined): void {
    const host = this.#host(url.origin);
    // Answers that were under way at the same time count as one complaint.
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

  /** Records a good answer of a URL: its own pause ends, and after ten of them its host gets one more connection. */
  answeredWell(url: URL): void {
    const host = this.#host(url.origin);
    host.good += 1;
    host.complained = undefined;
    host.pauses.delete(url.href);
    if (host.limit < this.#most && host.good >= GOOD_ANSWERS_TO_GROW) {
      host.limit += 1;
      host.good = 0;
      if (host.active < host.limit) host.queue.shift()?.go();
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
      watches: new Set(),
    };
    this.#hosts.set(origin, host);
    return host;
  }
}

function turn({ queue, watches }: Host, owner: unknown, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const go = () => {
      forget();
      resolve();
    };
    const waiting = { owner, go };
    const forget = whenAborted(signal, () => {
      const at = queue.indexOf(waiting);
      if (at !== -1) queue.splice(at, 1);
      reject(signal.reason);
    });
    queue.push(waiting);
    // One connection is enough for one request.
    const watch = [...watches].find((one) => one.owner !== owner);
    if (watch === undefined) return;
    watches.delete(watch);
    watch.call();
  });
}
