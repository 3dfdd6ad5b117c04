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
    for (const callback of callbacks.splice(0)) callback();
  };
  const entry = { callbacks, listener };
  waiting.set(signal, entry);
  signal.addEventListener('abort', listener, { once: true });
  return entry;
}

const GRACE_MILLISECONDS = 5_000;
const graced = new WeakMap<AbortSignal, AbortSignal>();

/**
 * A signal that follows another one 5 s later: what is nearly done may end by itself. A part whose request was cut may
 * still come to stand in S3, behind the abort of its upload.
 *
 * @returns always the same one for a signal.
 */
export function withGrace(signal: AbortSignal): AbortSignal {
  const known = graced.get(signal);
  if (known !== undefined) return known;
  const late = new AbortController();
  graced.set(signal, late.signal);
  const follow = () => setTimeout(() => late.abort(signal.reason), GRACE_MILLISECONDS).unref();
  if (signal.aborted) follow();
  else whenAborted(signal, follow);
  return late.signal;
}
