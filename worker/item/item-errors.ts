/**
 * How an item ended together with its process. None of these errors is permanent: memory may have been short for
 * another reason, and the item may have attempts left.
 */

/** The processor filled its heap, or its process took far more than its share of the task's memory. */
export class ItemMemoryError extends Error {
  override readonly name = 'ItemMemoryError';
}

/** The processor ended its own process, for example with `process.exit`. */
export class ItemExitError extends Error {
  override readonly name = 'ItemExitError';
}

/** An error in code that the processor doesn't wait for: a promise without `await`, a listener that throws. */
export class ItemUncaughtError extends Error {
  override readonly name = 'ItemUncaughtError';
}

/** A signal ended the process: native code crashed, or the system had no memory left. */
export class ItemKilledError extends Error {
  override readonly name = 'ItemKilledError';
}

/** An item process did not become ready in time, or ended before. */
export class ItemProcessStartError extends Error {
  override readonly name = 'ItemProcessStartError';
}
