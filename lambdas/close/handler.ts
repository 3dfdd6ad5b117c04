import * as z from '#net/zod.ts';
import { readEnvironment } from '#run/environment.ts';
import { QUEUE_VARIABLE } from '../environment/queue.ts';
import { ingestFromEnvironment } from '../ingest/ingest.ts';
import { lateQueue } from '../ingest/late-queue.ts';
import { logged } from '../logged.ts';
import { measured } from '../measured.ts';
import { closeLarge } from './close-large.ts';

const ingest = ingestFromEnvironment();
const env = readEnvironment(QUEUE_VARIABLE);
const queue = lateQueue(env.SLUICE_QUEUE_URL);

const payloadSchema = z.object({ runId: z.string(), item: z.string() });

/** Close: makes one object from the parts of all slices, records it, and dispatches it. */
export const handler = logged(
  measured(async (payload: unknown) => {
    const { runId, item } = payloadSchema.parse(payload);
    return closeLarge(ingest, queue, runId, item);
  }),
);
