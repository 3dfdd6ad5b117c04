import { count } from './count.ts';

/** How many slices Open may return for a batch, so that the state machine's history has room for them. */
export const SLICES_VARIABLE = { SLUICE_SLICES_PER_BATCH: count };
