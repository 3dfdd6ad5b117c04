/**
 * Why a processor's signal was aborted. The runtime decides by these what becomes of the message, so that an error
 * which a processor throws because it was stopped is never taken for one of its own.
 */

/** The item ran longer than its limit. It counts as a failed try. */
export class ItemTimeoutError extends Error {
  override readonly name = 'ItemTimeoutError';
}

/** The worker is being stopped. The item goes back to the queue and the try is not counted. */
export class WorkerStoppingError extends Error {
  override readonly name = 'WorkerStoppingError';
}

/** The message is no longer this worker's: its visibility ended, or it was deleted. Another delivery decides. */
export class WorkLostError extends Error {
  override readonly name = 'WorkLostError';
}

/** Another delivery of the item has written the result meanwhile. */
export class DoneElsewhereError extends Error {
  override readonly name = 'DoneElsewhereError';
}
