/**
 * Plan, WorkChoice, Ingest, Reconcile, CloseState, ItemsState, DoneState, EndedInOrder, SweepState, OutcomeChoice,
 * Succeed. The gate's looks are added, and ListItems for each piece of a long run's end.
 */
export const RUN_TRANSITIONS = 11;
/** Open, OpenDispatched, EnsureWorkers, SmallOnesLeft, BatchEnd. */
export const BATCH_TRANSITIONS = 5;
/**
 * A large object: Large, CheckLarge, BeginAgain, Slices, CheckSlices, AllSlicesDone, Close, CloseDispatched, CloseEnd.
 */
export const LARGE_TRANSITIONS = 9;
/** Slice, SliceDone, SliceEnd. */
export const SLICE_TRANSITIONS = 3;
