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

const GRACE_MILLISECONDS = 5_000;
/** One for each signal: a listener for each of ten thousand parts would stay until the last of them. */
const graced = new WeakMap<AbortSignal, AbortSignal>();

/**
 * A signal that follows another one 5 s later: what is nearly done may end by itself. A part whose request was cut may
 * still come to stand in S3, behind the abort of its upload.
 */
export function withGrace(signal: AbortSignal): AbortSignal {
  const known = graced.get(signal);
  if (known !== undefined) return known;
  const late = new AbortController();
  graced.set(signal, late.signal);
  const follow = () => setTimeout(() => late.abort(signal.reason), GRACE_MILLISECONDS).unref();
  if (signal.aborted) follow();
  else signal.addEventListener('abort', follow, { once: true });
  return late.signal;
}
