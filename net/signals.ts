const waiting = new WeakMap<AbortSignal, { readonly callbacks: (() => void)[]; readonly listener: () => void }>();

/**
 * Calls back where a signal aborts, in the order of these calls.
 *
 * It listens once to a signal, for however many callbacks: Node links the listeners of a signal to a list, where one that
 * V8 has moved to its old generation keeps alive all that were added behind it, removed ones as well, and the requests that
 * they would end, until the whole heap is collected. Ten thousand parts would be seen in the memory.
 *
 * @returns the function that takes the callback back; a second call does nothing.
 */
export function whenAborted(signal: AbortSignal, callback: () => void): () => void {
  const { callbacks, listener } = waiting.get(signal) ?? listen(signal);
  callbacks.push(callback);
  return () => {
    const at = callbacks.indexOf(callback);
    if (at === -1) return;
    callbacks.splice(at, 1);
    if (callbacks.length > 0) return;
    // A signal of `AbortSignal.any` stays in memory as long as somebody listens to it.
    signal.removeEventListener('abort', listener);
    waiting.delete(signal);
  };
}

function listen(signal: AbortSignal) {
  const callbacks: (() => void)[] = [];
  const listener = () => {
    // One by one: a callback may take back others, which are not to be called then.
    for (let callback = callbacks.shift(); callback !== undefined; callback = callbacks.shift()) callback();
  };
  const entry = { callbacks, listener };
  waiting.set(signal, entry);
  signal.addEventListener('abort', listener, { once: true });
  return entry;
}

/** Waits for work that can't be stopped, or rejects with the signal's reason; the work's outcome is then thrown away. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    const forget = whenAborted(signal, () => reject(signal.reason));
    work.then(resolve, reject).finally(forget);
  });
}

const GRACE_MILLISECONDS = 5_000;

/**
 * Does something with a signal that follows another one 5 s later: what is nearly done may end by itself. A part whose request
 * was cut may still come to stand in S3, behind the abort of its upload.
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
