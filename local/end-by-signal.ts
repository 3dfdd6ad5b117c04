/**
 * Ends this process at once, as an unhandled signal does. What is to be removed on the event 'exit' is removed first.
 *
 * `process.exit` does the same, but can deadlock in Node 24: its main thread waits for a thread of V8 that waits for a
 * garbage collection of the main thread (nodejs/node 54918).
 */
export function endBySignal(signal: NodeJS.Signals): void {
  process.emit('exit', 128);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
