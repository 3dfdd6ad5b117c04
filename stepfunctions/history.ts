/**
 * Arithmetic of an execution's history. Step Functions ends an execution at 25,000 events, and nothing in it can catch
 * that; so what loops here has a budget that is known at synth.
 *
 * Events, as the Step Functions developer guide lists them: a state that is entered and left makes 2, a task 3 more an
 * attempt (scheduled, started, and succeeded or failed), an inline Map 2 more, each of its iterations 2.
 */
export const HISTORY_EVENTS = 25_000;

const STATE = 2;
const ATTEMPT = 3;
const MAP = 2;
const ITERATION = 2;

/** Kept free for what is no loop: Plan, workers, the map run, Reconcile, closing, and their retries. */
const RESERVED_EVENTS = 1_000;

/** A million items have an end of 50 pieces, each an iteration with a task that is retried six times. */
const END_EVENTS = 50 * (ITERATION + STATE + 7 * ATTEMPT);

/** What a run keeps free beside its gate. */
export const KEPT_EVENTS = RESERVED_EVENTS + END_EVENTS;

/** Events of the whole gatekeeper loop: two rounds of it where the second is forced. */
export function gateEvents(attempts: number): number {
  return 2 * STATE + ATTEMPT * (attempts + 2) + STATE;
}

/** Whether an execution whose loops wait that often stays within its history. */
export function gateFitsHistory(...attempts: readonly number[]): boolean {
  return attempts.reduce((events, some) => events + gateEvents(some), 0) <= HISTORY_EVENTS - KEPT_EVENTS;
}

/** A task that is called, fails once on the way and is retried: what is reckoned for each call of the loops below. */
const CALL = STATE + 2 * ATTEMPT;

/** Open, OpenDispatched, EnsureWorkers, SmallOnesLeft, WaitToOpen, OpenAgain. */
const OPEN_CALL = CALL + STATE + CALL + 3 * STATE;
/** Slice, SliceDone, WaitToSlice, SliceAgain. */
const SLICE_CALL = CALL + 3 * STATE;
/** What a slice adds to its calls: an iteration, and the pass it ends in. */
const SLICE = ITERATION + STATE;
/** What a large object adds to its slices: Slices, LookAtSlices, AllSlicesDone, Close, CloseDispatched, then at worst Abandon. */
const LARGE = ITERATION + STATE + MAP + 2 * STATE + CALL + STATE + CALL + CALL + 2 * STATE;
/** A round of large objects: Large, LookAtLarge, BeginAgain. A batch has as many as one object may have beginnings. */
const ROUND = STATE + MAP + 2 * STATE;
const ROUNDS = 4;

/**
 * How many slices all large objects of one batch may have together, over all their beginnings, so that the batch's child
 * execution stays within its history even if each slice takes every call it may take. A beginning has a slice at least, so
 * each slice is reckoned with what a large object adds.
 *
 * @returns 0 or less where the settings leave no room at all.
 */
export function slicesPerBatch(limits: { readonly openCalls: number; readonly sliceCalls: number }): number {
  const free = HISTORY_EVENTS - RESERVED_EVENTS - limits.openCalls * OPEN_CALL - ROUNDS * ROUND;
  return Math.floor(free / (LARGE + SLICE + limits.sliceCalls * SLICE_CALL));
}
