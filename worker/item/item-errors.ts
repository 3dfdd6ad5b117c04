/**
 * How an item ended with its process. None is permanent: memory may have been short for another reason, and the item has
 * its tries.
 */

/** The processor filled its heap, or its process took far more than its share of the task's memory. */
export class ItemMemoryError extends Error {
  override readonly name = 'ItemMemoryError';
}

/** The processor ended its own process, by `process.exit`, say. */
export class ItemExitError extends Error {
  override readonly name = 'ItemExitError';
}

/** An error outside of what the processor waits for: a promise that it forgot, a listener that throws. */
export class ItemUncaughtError extends Error {
  override readonly name = 'ItemUncaughtError';
}

/** A signal ended the process: native code that crashed, or a system that had no memory left. */
export class ItemKilledError extends Error {
  override readonly name = 'ItemKilledError';
}

/** An item process was not ready in time, or ended before it was. */
export class ItemProcessStartError extends Error {
  override readonly name = 'ItemProcessStartError';
}
