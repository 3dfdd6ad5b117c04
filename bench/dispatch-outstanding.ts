/**
 * `node bench/dispatch-outstanding.ts --items 20000`: measures how long the gate needs to send lost messages of a long
 * run again. All items of a generated run have landed, and none has a result. The gate's own code reads the plan and
 * the records and sends the messages, on the embedded AWS, where one process serves S3 and SQS.
 *
 * `--sqs-milliseconds 15` adds a delay to each call of SQS, like the network to a region's SQS. `docs/waiting.md` has
 * the results.
 */
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import pMap from 'p-map';
import { dispatchOutstanding } from '#lambdas/gatekeeper/dispatch-outstanding.ts';
import { scriptOptions } from '#local/script-options.ts';
import { runKeys } from '#run/keys.ts';
import { readProgress } from '#run/ledger/progress.ts';
import { startTestAws } from '#test/helpers/embedded-aws.ts';
import { type GeneratedRun, objectsOf, planOf, RUN_ID } from './harness/generated-run.ts';

const { values } = scriptOptions({
  command: 'node bench/dispatch-outstanding.ts',
  about: 'Measures how the gate sends the messages of a long run again.',
  options: {
    items: { type: 'string', takes: 'NUMBER', default: '20000', what: 'items of the run' },
    'sqs-milliseconds': { type: 'string', takes: 'NUMBER', default: '15', what: 'delay added to each call of SQS' },
  },
});
await using disposer = new AsyncDisposableStack();
const aws = await startTestAws();
disposer.defer(() => aws.stop());
const store = { client: new S3Client(aws.client), bucket: 'dispatch-bench' };
await store.client.send(new CreateBucketCommand({ Bucket: store.bucket }));
const sqs = new SQSClient(aws.client);
const { QueueUrl: url = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'dispatch-bench' }));

const run: GeneratedRun = { items: Number(values.items), bucket: store.bucket, mixed: false };
const unprocessed = runKeys(RUN_ID).ledger('results');
const objects = objectsOf(run).filter(({ key }) => !key.startsWith(unprocessed));
await pMap(
  objects,
  ({ key, body }) => store.client.send(new PutObjectCommand({ Bucket: store.bucket, Key: key, Body: body })),
  { concurrency: 32 },
);

let sends = 0;
sqs.middlewareStack.add(
  (next) => async (args) => {
    sends += 1;
    await sleep(Number(values['sqs-milliseconds']));
    return next(args);
  },
  { step: 'initialize' },
);
const plan = planOf(run);
const progress = await readProgress(store, plan);
const before = process.cpuUsage();
const began = performance.now();
await dispatchOutstanding(store, { client: sqs, url }, plan, progress, 'outstanding');
const seconds = (performance.now() - began) / 1_000;
const { user, system } = process.cpuUsage(before);
const cpuSeconds = (user + system) / 1e6;
const calls = sends;
const { Attributes } = await sqs.send(
  new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['ApproximateNumberOfMessages'] }),
);
console.log(
  JSON.stringify({
    items: run.items,
    messages: Number(Attributes?.ApproximateNumberOfMessages),
    calls,
    seconds: Number(seconds.toFixed(1)),
    cpuSeconds: Number(cpuSeconds.toFixed(1)),
    cpuPerWall: Number((cpuSeconds / seconds).toFixed(2)),
    load: loadavg().map((load) => Number(load.toFixed(1))),
  }),
);
