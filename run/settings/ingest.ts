import * as z from '#net/zod.ts';
import { setting } from './setting.ts';
import { whole } from './whole.ts';

/** The deployment's setting `ingest`: how sources are transferred, and by how many Lambdas. */
export const ingestSchema = z.strictObject({
  children: setting(
    whole(1, 1_000),
    4,
    'Batches that are transferred at the same time: the concurrency of the Distributed Map.',
  ),
  slicesAtOnce: setting(
    whole(1, 40),
    2,
    'Slices of one large object that are transferred at the same time, within its batch.',
  ),
  maxLambdas: setting(
    whole(1, 10_000),
    8,
    "The most Lambdas that a run's transfers may use at once: `ingest.children` × `ingest.slicesAtOnce` must not exceed it. A new AWS account has 10 in all.",
  ),
  sourcesPerBatch: setting(
    whole(1, 50),
    50,
    'The most sources in one batch. Short lists have one source in each batch, so that the console shows a child for each source.',
  ),
  sourcesAtOnce: setting(whole(1, 64), 8, 'Small sources of one batch that one Lambda transfers at the same time.'),
  connections: setting(whole(1, 64), 4, 'Connections to a source that one Lambda opens for one large object.'),
  bufferMiB: setting(
    whole(5, 512),
    7,
    'Size of one transfer buffer, in MiB. A Lambda has one buffer for each of `ingest.connections`, and up to one more for every four connections.',
  ),
  sliceMiB: setting(whole(64, 1_048_576), 4_096, 'Size of one slice of a large object, in MiB.'),
  memoryMiB: setting(
    whole(256, 10_240),
    1_024,
    'Memory of the Lambdas that transfer, in MiB. Lambda gives CPU in proportion to it.',
  ),
  openCalls: setting(whole(1, 100), 20, 'How often Open is called for one batch until all its small sources are done.'),
  sliceCalls: setting(
    whole(1, 2_000),
    20,
    'How often Slice is called for one slice until it is done. Each call has up to 15 minutes.',
  ),
  listBuckets: setting(
    z.array(z.string().check(z.regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'takes the name of an S3 bucket'))),
    [],
    "Buckets besides the deployment's own that `sourcesFrom` of an input may name. The deploy grants Plan permission to read their objects.",
  ),
});
