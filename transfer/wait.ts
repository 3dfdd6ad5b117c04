/** Waits, or rejects with the signal's reason as soon as it aborts. */
export function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const leave = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', leave);
      resolve();
    }, milliseconds);
    signal.addEventListener('abort', leave, { once: true });
  });
}

/** Exponential backoff, half of it chance, so that what failed together doesn't come again together. `attempt` from 1. */
export function backoffMilliseconds(attempt: number, baseSeconds: number, mostSeconds: number): number {
  const whole = Math.min(mostSeconds, baseSeconds * 2 ** (attempt - 1)) * 1_000;
  return whole / 2 + (Math.random() * whole) / 2;
}

/**
 * A signal that follows another one some time later: what is nearly done may end by itself. A part whose request was cut
 * may still come to stand in S3, behind the abort of its upload.
 */
export function withGrace(signal: AbortSignal, milliseconds: number): AbortSignal {
  const late = new AbortController();
  const follow = () => setTimeout(() => late.abort(signal.reason), milliseconds).unref();
  if (signal.aborted) follow();
  else signal.addEventListener('abort', follow, { once: true });
  return late.signal;
}
