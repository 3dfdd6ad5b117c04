/**
 * The reasons why a processor's signal was aborted. With them the runtime decides what happens to the message. So an
 * error that a processor throws because it was stopped is never counted as the processor's own error.
 */

/** The item took longer than its limit. This counts as a failed attempt. */
export class ItemTimeoutError extends Error {
  override readonly name = 'ItemTimeoutError';
}

/** The worker is being stopped. The item is returned to the queue, and the attempt does not count. */
export class WorkerStoppingError extends Error {
  override readonly name = 'WorkerStoppingError';
}

/**
 * The message no longer belongs to this worker: its visibility timeout ended, or it was deleted. Another delivery
 * decides.
 */
export class WorkLostError extends Error {
  override readonly name = 'WorkLostError';
}

/** Another delivery of the item has written the result meanwhile. */
export class DoneElsewhereError extends Error {
  override readonly name = 'DoneElsewhereError';
}
