/** The pause before the next attempt of a heartbeat that could not reach the queue. */
const RETRY_MS = 2_000;

export interface Heartbeat {
  /** Ends the heartbeat. After this resolves, no beat is under way, so a visibility that is set afterwards is kept. */
  stop(): Promise<void>;
}

/**
 * Keeps a message reserved while work on it continues, and stops the work when it has become useless.
 *
 * @param beat extends the reservation. It resolves to a reason if the work has to stop, for example because the message
 * is lost. If it throws (the queue can't be reached), it is called again soon, because the earlier reservation may
 * still be valid.
 * @param stopWork is called at most once, and no beat follows.
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
