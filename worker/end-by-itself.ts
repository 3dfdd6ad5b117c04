/** The time that a process may take to end after its work. Connections that are kept for reuse close earlier. */
const GRACE_MS = 10_000;

/**
 * Lets a process end by itself, because `process.exit` can deadlock in Node 24: its main thread waits for a thread of
 * V8 that waits for a garbage collection of the main thread (nodejs/node 54918). If something still keeps the process
 * alive, it kills itself after ten seconds: a task that has done its work and never ends is billed, and counts towards
 * the limit of the fleet.
 *
 * @param exitCode of the process, if it ends by itself.
 */
export function endByItself(exitCode: number): void {
  process.exitCode = exitCode;
  setTimeout(() => {
    const kinds = process.getActiveResourcesInfo().join(', ');
    process.stderr.write(`the worker has done its work but does not end, because of ${kinds}, so it kills itself\n`);
    process.kill(process.pid, 'SIGKILL');
  }, GRACE_MS).unref();
}
