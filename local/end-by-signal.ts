/**
 * Ends this process at once, like an unhandled signal. The handlers of the event 'exit' run first.
 *
 * `process.exit` does the same, but can deadlock in Node 24: its main thread waits for a thread of V8 that waits for a
 * garbage collection of the main thread (nodejs/node 54918).
 */
export function endBySignal(signal: NodeJS.Signals): void {
  process.emit('exit', 128);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
