/**
 * `node bench/worker-rate.ts --items 500 --at-once 2`: items per second of one worker on tiny items, and what an item
 * costs besides its own work. The worker is the one that tasks run, in this process, on a real queue and bucket of the
 * embedded AWS, with its item processes; its processor returns at once. SQS and S3 answer over loopback in a few
 * milliseconds, as they do within a region, but one Python process answers for both, so this is a lower bound.
 *
 * `--in-process` runs the items in the worker's own process, as before they had one each: the difference is what that
 * costs. `--fresh` starts a new process for each item: what an item costs after one that failed.
 */
import { readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { settingsSchema } from '#lib/settings/settings.ts';
import { scriptOptions } from '#local/script-options.ts';
import { dispatch } from '#run/fleet/dispatch.ts';
import { groupsAsVariables } from '#run/settings/groups.ts';
import { startTestAws } from '#test/helpers/embedded-aws.ts';
import { WorkerRig } from '#test/helpers/worker.ts';
import type { RunItem } from '#worker/item/item-job.ts';
import { ItemProcesses } from '#worker/item/item-processes.ts';
import { runWorker } from '#worker/runtime/run-worker.ts';
import { nothing } from './harness/nothing-worker.ts';

const { values } = scriptOptions({
  command: 'node bench/worker-rate.ts',
  about: 'Measures how many tiny items one worker processes in a second.',
  options: {
    items: { type: 'string', takes: 'NUMBER', default: '500', what: 'the number of items' },
    'at-once': { type: 'string', takes: 'NUMBER', default: '2', what: 'items at the same time' },
    'in-process': { type: 'boolean', default: false, what: 'run items in the process of the worker' },
    fresh: { type: 'boolean', default: false, what: 'start a new process for each item' },
  },
});
const items = Number(values.items);
const itemsAtOnce = Number(values['at-once']);
const IDLE_SECONDS = 1;

await using disposer = new AsyncDisposableStack();
const aws = await startTestAws();
disposer.defer(() => aws.stop());
const store = { client: new S3Client(aws.client), bucket: 'worker-rate' };
await store.client.send(new CreateBucketCommand({ Bucket: store.bucket }));
const sqs = new SQSClient(aws.client);
const { QueueUrl: url = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'worker-rate' }));
const rig = new WorkerRig(store, { client: sqs, url }, 'worker-rate', [nothing]);
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
const settings = { itemsAtOnce, idleSeconds: IDLE_SECONDS };
Object.assign(process.env, aws.env, {
  SLUICE_BUCKET: store.bucket,
  SLUICE_QUEUE_URL: url,
  SLUICE_STOP_SECONDS: '120',
  SLUICE_DEPLOYMENT: 'worker-rate',
  ...groupsAsVariables(settingsSchema.parse({ workers: settings }), 'workers', 'sources', 'limits', 'metrics'),
});
const parts = rig.parts(settings);
const SHARE_BYTES = 512 * 1_048_576;
const program = fileURLToPath(new URL('harness/nothing-worker.ts', import.meta.url));
const processes = new ItemProcesses(program, SHARE_BYTES);
disposer.use(processes);
const memory: { rssMib: number; ownMib: number }[] = [];
const runItem: RunItem = async (job, surroundings) => {
  if (values.fresh) {
    await using one = new ItemProcesses(program, SHARE_BYTES);
    return await one.run(job, surroundings);
  }
  return await processes.run(job, surroundings);
};
const before = process.cpuUsage();
const began = performance.now();
const summary = await runWorker(values['in-process'] ? parts : { ...parts, runItem }, new AbortController().signal);
if (summary.done !== items) throw new Error(`${summary.done} of ${items} items are done: ${JSON.stringify(summary)}`);
// The worker stays for a second after the queue is empty.
const seconds = (performance.now() - began) / 1_000 - IDLE_SECONDS;
const { user, system } = process.cpuUsage(before);
if (!values['in-process'] && !values.fresh) memory.push(...(await memoryOfChildren()));
console.log(
  JSON.stringify({
    items: summary.done,
    itemsAtOnce,
    seconds: round(seconds),
    itemsPerSecond: round(items / seconds),
    millisecondsPerItemAndPlace: round((seconds * 1_000 * itemsAtOnce) / items),
    workerCpuMillisecondsPerItem: round((user + system) / 1_000 / items),
    callsPerItem: Object.fromEntries([...calls].map(([name, count]) => [name, round(count / items)])),
    workerMemory: await memoryOf(process.pid),
    itemProcesses: memory,
    load: loadavg().map(round),
  }),
);

/** Of a process, in MiB: all that is resident, and what it shares with no file. Linux. */
async function memoryOf(pid: number): Promise<{ rssMib: number; ownMib: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const mib = (name: string) => round(Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1_024);
  return { rssMib: mib('VmRSS'), ownMib: mib('RssAnon') };
}

async function memoryOfChildren() {
  const pids = (await readFile(`/proc/self/task/${process.pid}/children`, 'utf8')).trim().split(' ');
  const found: { rssMib: number; ownMib: number }[] = [];
  for (const pid of pids) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes('nothing-worker')) found.push(await memoryOf(Number(pid)));
  }
  return found;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
