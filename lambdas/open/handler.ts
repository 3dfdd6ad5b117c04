import type { Context } from 'aws-lambda';
import * as z from '#net/zod.ts';
import { readEnvironment } from '#run/environment.ts';
import { QUEUE_VARIABLE } from '../environment/queue.ts';
import { SLICES_VARIABLE } from '../environment/slices.ts';
import { deadlineOf } from '../ingest/ingest.ts';
import { lateQueue } from '../ingest/late-queue.ts';
import { sourceIngestFromEnvironment } from '../ingest/source-ingest.ts';
import { logged } from '../logged.ts';
import { measured } from '../measured.ts';
import { openBatch } from './open-batch.ts';

const ingest = sourceIngestFromEnvironment();
const env = readEnvironment({ ...QUEUE_VARIABLE, ...SLICES_VARIABLE });
const queue = lateQueue(env.SLUICE_QUEUE_URL);

const payloadSchema = z.object({ runId: z.string(), batch: z.string() });

/** Open: lands the small sources of a batch, begins the large ones, and returns what is left for the next call. */
export const handler = logged(
  measured(async (payload: unknown, context: Context) => {
    const { runId, batch } = payloadSchema.parse(payload);
    return openBatch(ingest, queue, {
      runId,
      batch,
      deadline: deadlineOf(context),
      slices: env.SLUICE_SLICES_PER_BATCH,
    });
  }),
);
