const waiting = new WeakMap<AbortSignal, { readonly callbacks: (() => void)[]; readonly listener: () => void }>();

/**
 * Calls callbacks when a signal aborts, in the order in which they were added.
 *
 * It adds only one listener to a signal, for any number of callbacks. Node links the listeners of a signal to a list.
 * If V8 has moved one of them to its old generation, this one keeps alive all later ones, even removed ones, together
 * with the requests that they would end, until the whole heap is collected. With ten thousand parts, the memory would
 * grow visibly.
 *
 * @returns a function that removes the callback; a second call does nothing.
 */
export function whenAborted(signal: AbortSignal, callback: () => void): () => void {
  const { callbacks, listener } = waiting.get(signal) ?? listen(signal);
  callbacks.push(callback);
  return () => {
    const at = callbacks.indexOf(callback);
    if (at === -1) return;
    callbacks.splice(at, 1);
    if (callbacks.length > 0) return;
    // A signal of `AbortSignal.any` stays in memory while it has listeners.
    signal.removeEventListener('abort', listener);
    waiting.delete(signal);
  };
}

function listen(signal: AbortSignal) {
  const callbacks: (() => void)[] = [];
  const listener = () => {
    // One by one, because a callback may remove others, which must not be called then.
    for (let callback = callbacks.shift(); callback !== undefined; callback = callbacks.shift()) callback();
  };
  const entry = { callbacks, listener };
  waiting.set(signal, entry);
  signal.addEventListener('abort', listener, { once: true });
  return entry;
}

/**
 * Waits for work that can't be stopped. If the signal aborts first, it rejects with the signal's reason and ignores the
 * outcome of the work.
 */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    const forget = whenAborted(signal, () => reject(signal.reason));
    work.then(resolve, reject).finally(forget);
  });
}

const GRACE_MILLISECONDS = 5_000;

/**
 * Does work with a signal that follows another signal 5 s later, so that work which is nearly done can end by itself.
 * If the request for a part is interrupted, S3 may still store the part after its upload was aborted.
 */
export async function withGrace<T>(signal: AbortSignal, work: (late: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const follow = () => {
    timer = setTimeout(() => late.abort(signal.reason), GRACE_MILLISECONDS);
  };
  if (signal.aborted) follow();
  const forget = whenAborted(signal, follow);
  try {
    return await work(late.signal);
  } finally {
    forget();
    clearTimeout(timer);
  }
}
