/** How soon a heartbeat that could not reach the queue is tried again. */
const RETRY_MS = 2_000;

export interface Heartbeat {
  /** Ends it. Once this resolves no beat is under way, so a visibility that is set afterwards stays. */
  stop(): Promise<void>;
}

/**
 * Keeps a message reserved while work on it goes on, and stops the work once there is no sense in it.
 *
 * @param beat extends the reservation. It resolves to a reason where the work is to stop: the message is lost, say.
 * What it throws (the queue can't be reached) is tried again soon, since the reservation made before may still hold.
 * @param stopWork is called once at most, and no beat follows.
 */
export function startHeartbeat(options: {
  readonly intervalSeconds: number;
  readonly beat: () => Promise<Error | undefined>;
  readonly stopWork: (reason: Error) => void;
  readonly onError: (error: unknown) => void;
}): Heartbeat {
  const intervalMs = options.intervalSeconds * 1_000;
  let timer: NodeJS.Timeout | undefined;
  let current = Promise.resolve();
  let stopped = false;

  const schedule = (ms: number): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      current = beat();
    }, ms);
  };
  const beat = async (): Promise<void> => {
    try {
      const reason = await options.beat();
      if (reason === undefined) schedule(intervalMs);
      else options.stopWork(reason);
    } catch (error) {
      options.onError(error);
      schedule(Math.min(RETRY_MS, intervalMs));
    }
  };

  schedule(intervalMs);
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await current;
    },
  };
}
