/**
 * `node bench/worker-rate.ts --items 500 --at-once 2`: items per second of one worker on tiny items, and what an item costs
 * besides its own work. The worker is the one that tasks run, in this process, on a real queue and bucket of the embedded
 * AWS; its processor returns at once. SQS and S3 answer over loopback in a few milliseconds, as they do within a region, but
 * one Python process answers for both, so this is a lower bound.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { defineProcessor, type Processor } from '#processors/contract/processor.ts';
import { dispatch } from '#run/fleet/dispatch.ts';
import { startTestAws } from '#test/helpers/embedded-aws.ts';
import { WorkerRig } from '#test/helpers/worker.ts';

const { values } = parseArgs({
  options: { items: { type: 'string', default: '500' }, 'at-once': { type: 'string', default: '2' } },
});
const items = Number(values.items);
const itemsAtOnce = Number(values['at-once']);
const IDLE_SECONDS = 1;

const nothing = defineProcessor({ name: 'nothing', options: z.strictObject({}), process: async () => null });

await using disposer = new AsyncDisposableStack();
const aws = await startTestAws();
disposer.defer(() => aws.stop());
const store = { client: new S3Client(aws.client), bucket: 'worker-rate' };
await store.client.send(new CreateBucketCommand({ Bucket: store.bucket }));
const sqs = new SQSClient(aws.client);
const { QueueUrl: url = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'worker-rate' }));
const rig = new WorkerRig(store, { client: sqs, url }, 'worker-rate', [nothing as Processor]);
await dispatch(
  store,
  rig.queue,
  Array.from({ length: items }, (_, n) => rig.message(`item ${n}`, 'nothing')),
);

const calls = new Map<string, number>();
const countCall = (commandName = ''): void => {
  const name = commandName.replace(/Command$/, '');
  calls.set(name, (calls.get(name) ?? 0) + 1);
};
store.client.middlewareStack.add(
  (next, context) => (args) => {
    countCall(context.commandName);
    return next(args);
  },
  { step: 'initialize' },
);
sqs.middlewareStack.add(
  (next, context) => (args) => {
    countCall(context.commandName);
    return next(args);
  },
  { step: 'initialize' },
);
const before = process.cpuUsage();
const began = performance.now();
const summary = await rig.work({ itemsAtOnce, idleSeconds: IDLE_SECONDS, visibilitySeconds: 60, heartbeatSeconds: 20 });
// The worker stays for a second of an empty queue before it leaves.
const seconds = (performance.now() - began) / 1_000 - IDLE_SECONDS;
const { user, system } = process.cpuUsage(before);
console.log(
  JSON.stringify({
    items: summary.done,
    itemsAtOnce,
    seconds: round(seconds),
    itemsPerSecond: round(items / seconds),
    millisecondsPerItemAndPlace: round((seconds * 1_000 * itemsAtOnce) / items),
    cpuMillisecondsPerItem: round((user + system) / 1_000 / items),
    callsPerItem: Object.fromEntries([...calls].map(([name, count]) => [name, round(count / items)])),
    load: loadavg().map(round),
  }),
);

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
