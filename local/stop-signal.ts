import { endBySignal } from './end-by-signal.ts';
/** The person, or the system, has asked this process to stop. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
}

/**
 * Returns a signal that aborts at the first Ctrl-C, SIGTERM or closed terminal, so that everything can be stopped in
 * order. The second one ends the process at once; its child processes notice that and end too.
 */
export function stopSignal(): AbortController {
  const controller = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) endBySignal(signal);
    else controller.abort(new StoppedError(signal));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  return controller;
}
