import type { Context } from 'aws-lambda';
import * as z from '#net/zod.ts';
import { showSourceLines } from '#run/source-lines.ts';
import { deadlineOf } from '../ingest/ingest.ts';
import { sourceIngestFromEnvironment } from '../ingest/source-ingest.ts';
import { logged } from '../logged.ts';
import { logger } from '../logger.ts';
import { measured } from '../measured.ts';
import { failureOfSlice } from './failure-of-slice.ts';
import { uploadSliceOf } from './upload-slice-of.ts';

const ingest = sourceIngestFromEnvironment();

const payloadSchema = z.object({ runId: z.string(), item: z.string(), slice: z.int(), call: z.int() });

/** Slice: transfers as much of one slice of a large object as the time permits. */
export const handler = logged(
  measured(async (payload: unknown, context: Context) => {
    const slice = payloadSchema.parse(payload);
    try {
      return await uploadSliceOf(ingest, { ...slice, deadline: deadlineOf(context) });
    } catch (error) {
      showSourceLines(error);
      logger.error('slice', { ...slice, error });
      throw failureOfSlice(error);
    }
  }),
);
