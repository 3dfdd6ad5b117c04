import * as z from 'zod';
import { whole } from './whole.ts';

/** The deployment's setting `ingest`: how sources are transferred, and by how many Lambdas. */
export const ingestSchema = z.strictObject({
  children: whole(1, 1_000)
    .default(4)
    .describe('Batches that are transferred at the same time: the concurrency of the Distributed Map.'),
  slicesAtOnce: whole(1, 40)
    .default(2)
    .describe('Slices of one large object that are transferred at the same time, within its batch.'),
  maxLambdas: whole(1, 10_000)
    .default(8)
    .describe(
      "The most Lambdas that a run's transfers may use at once: `ingest.children` × `ingest.slicesAtOnce` must not exceed it. A new AWS account has 10 in all.",
    ),
  sourcesPerBatch: whole(1, 50)
    .default(50)
    .describe(
      'The most sources in one batch. Short lists have one source in each batch, so that the console shows a child for each source.',
    ),
  sourcesAtOnce: whole(1, 64)
    .default(8)
    .describe('Small sources of one batch that one Lambda transfers at the same time.'),
  connections: whole(1, 64).default(4).describe('Connections to a source that one Lambda opens for one large object.'),
  bufferMiB: whole(5, 512)
    .default(5)
    .describe(
      'Size of one transfer buffer, in MiB. A Lambda has one buffer for each of `ingest.connections`, and up to one more for every two connections.',
    ),
  sliceMiB: whole(64, 1_048_576).default(4_096).describe('Size of one slice of a large object, in MiB.'),
  memoryMiB: whole(256, 10_240)
    .default(1_024)
    .describe('Memory of the Lambdas that transfer, in MiB. Lambda gives CPU in proportion to it.'),
  openCalls: whole(1, 100)
    .default(20)
    .describe('How often Open is called for one batch until all its small sources are done.'),
  sliceCalls: whole(1, 2_000)
    .default(20)
    .describe('How often Slice is called for one slice until it is done. Each call has up to 15 minutes.'),
  listBuckets: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'takes the name of an S3 bucket'))
    .default([])
    .describe(
      "Buckets besides the deployment's own that `sourcesFrom` of an input may name. The deploy grants Plan permission to read their objects.",
    ),
});
