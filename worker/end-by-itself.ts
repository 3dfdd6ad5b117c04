/** What a process that has done its work may still take to end. Connections that are kept for reuse end before. */
const GRACE_MS = 10_000;

/**
 * Lets a process end by itself, since `process.exit` can deadlock in Node 24: its main thread waits for a thread of V8 that
 * waits for a garbage collection of the main thread (nodejs/node 54918). Where something keeps the process, it kills itself
 * after ten seconds: a task that has done its work and never ends is billed, and takes a place of the fleet.
 *
 * @param exitCode of the process, where it ends by itself.
 */
export function endByItself(exitCode: number): void {
  process.exitCode = exitCode;
  setTimeout(() => {
    const kinds = process.getActiveResourcesInfo().join(', ');
    process.stderr.write(`the worker has done its work and does not end, kept by ${kinds}: it kills itself\n`);
    process.kill(process.pid, 'SIGKILL');
  }, GRACE_MS).unref();
}
