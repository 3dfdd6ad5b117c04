/**
 * Computes how many events an execution's history needs. Step Functions ends an execution at 25,000 events, and nothing
 * in the execution can catch that. So every loop here has a limit that is known at synth.
 *
 * The numbers come from the Step Functions developer guide. Each state adds 2 events (entered and exited). Each attempt
 * of a task adds 3 more (scheduled, started, and succeeded or failed). An inline Map adds 2 more, and each of its
 * iterations adds 2.
 */
export const HISTORY_EVENTS = 25_000;

const STATE = 2;
const ATTEMPT = 3;
const MAP = 2;
const ITERATION = 2;

/** Reserved for everything that is not a loop: Plan, workers, the map run, Reconcile, closing, and their retries. */
const RESERVED_EVENTS = 1_000;

/** The end of a run with a million items has 50 pieces, each an iteration with a task that is retried six times. */
const END_EVENTS = 50 * (ITERATION + STATE + 7 * ATTEMPT);

/** The events that a run keeps free besides its gate. */
export const KEPT_EVENTS = RESERVED_EVENTS + END_EVENTS;

/** Returns the events of the whole gatekeeper loop: two rounds, the second of them forced. */
export function gateEvents(attempts: number): number {
  return 2 * STATE + ATTEMPT * (attempts + 2) + STATE;
}

/** Returns whether the history is large enough for an execution whose loops wait that often. */
export function gateFitsHistory(...attempts: readonly number[]): boolean {
  return attempts.reduce((events, some) => events + gateEvents(some), 0) <= HISTORY_EVENTS - KEPT_EVENTS;
}

/** A task that is called, fails once and is retried. The loops below count this for each call. */
const CALL = STATE + 2 * ATTEMPT;

/** Open, OpenDispatched, EnsureWorkers, SmallOnesLeft, WaitToOpen, OpenAgain. */
const OPEN_CALL = CALL + STATE + CALL + 3 * STATE;
/** Slice, SliceDone, WaitToSlice, SliceAgain. */
const SLICE_CALL = CALL + 3 * STATE;
/** The events of a slice besides its calls: an iteration, and the Pass state at its end. */
const SLICE = ITERATION + STATE;
/**
 * The events of a large object besides its slices: Slices, CheckSlices, AllSlicesDone, Close, CloseDispatched, and in
 * the worst case Abandon.
 */
const LARGE = ITERATION + STATE + MAP + 2 * STATE + CALL + STATE + CALL + CALL + 2 * STATE;
/**
 * A round of large objects: Large, CheckLarge, BeginAgain. A batch has as many rounds as one object may have
 * beginnings.
 */
const ROUND = STATE + MAP + 2 * STATE;
const ROUNDS = 4;

/**
 * Returns how many slices all large objects of one batch may have together, over all their beginnings. With this
 * number, the history of the batch's child execution is large enough even if each slice uses all its calls. A beginning
 * has at least one slice, so the events of a large object are counted for each slice.
 *
 * @returns 0 or less if the settings allow not even one slice.
 */
export function slicesPerBatch(limits: { readonly openCalls: number; readonly sliceCalls: number }): number {
  const free = HISTORY_EVENTS - RESERVED_EVENTS - limits.openCalls * OPEN_CALL - ROUNDS * ROUND;
  return Math.floor(free / (LARGE + SLICE + limits.sliceCalls * SLICE_CALL));
}
