import * as z from 'zod';
import { readClosing } from '#run/end/closing.ts';
import { writePiece } from '#run/end/pieces.ts';
import { readEnvironment } from '#run/environment.ts';
import { readPlanSummary } from '#run/plan/plan-summary.ts';
import { BUCKET_VARIABLE } from '../environment/bucket.ts';
import { logged } from '../logged.ts';
import { storeOf } from '../store.ts';

const env = readEnvironment(BUCKET_VARIABLE);
const store = storeOf(env);

const payloadSchema = z.object({ runId: z.string(), piece: z.int(), of: z.int() });

/** ListItems: writes one piece of a long run's end; DoneState adds the pieces up. */
export const handler = logged(async (payload: unknown) => {
  const { runId, ...piece } = payloadSchema.parse(payload);
  const closing = await readClosing(store, runId);
  // The run was opened again: its execution was redriven, and will end later.
  if (closing === undefined) return { written: false };
  await writePiece(store, await readPlanSummary(store, runId), closing, piece);
  return { written: true };
});
