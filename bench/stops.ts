/**
 * `node bench/stops.ts --stops 200 --workers 50 --starts 30`: checks again and again whether our processes end, and
 * measures how long that takes. `process.exit` can deadlock in Node 24 (nodejs/node 54918): with Node's
 * `--stress-concurrent-allocation`, one of some 20 processes that ended by it hung. The sample source and the worker
 * are stopped with that flag; `npm start` runs without it. Every wait has a limit.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { buildWorkerBundle } from '#lib/bundling/worker-bundle.ts';
import { settingsSchema } from '#lib/settings/settings.ts';
import { endOfChild } from '#local/end-of-child.ts';
import { startSampleSource } from '#local/sample-source/sample-source.ts';
import { scriptOptions } from '#local/script-options.ts';
import { groupsAsVariables } from '#run/settings/groups.ts';
import { startTestAws } from '#test/helpers/embedded-aws.ts';

const STRESS = '--stress-concurrent-allocation';
/** `stop` kills the sample source after five seconds. */
const HUNG_SECONDS = 5;
const WORKER_SECONDS = 120;
const START_SECONDS = 600;

const { values } = scriptOptions({
  command: 'node bench/stops.ts',
  about: 'Starts and stops processes again and again, and shows whether each one ends.',
  options: {
    stops: { type: 'string', takes: 'NUMBER', default: '200', what: 'the number of stops of the sample source' },
    workers: { type: 'string', takes: 'NUMBER', default: '50', what: 'the number of stops of a worker' },
    starts: { type: 'string', takes: 'NUMBER', default: '30', what: 'the number of runs of npm start' },
  },
});

await report('sample source, stopped', Number(values.stops), async () => {
  const source = await startSampleSource({ execArgv: [STRESS] });
  const seconds = await timed(() => source.stop());
  return { seconds, problem: seconds < HUNG_SECONDS ? undefined : 'had to be killed' };
});
if (Number(values.workers) > 0) await workers(Number(values.workers));
await report('npm start', Number(values.starts), () => ended('npm', ['start', '--silent'], process.env, START_SECONDS));

/** Workers with an empty queue, each of which ends after a second. */
async function workers(count: number): Promise<void> {
  await using disposer = new AsyncDisposableStack();
  const aws = await startTestAws();
  disposer.defer(() => aws.stop());
  const bucket = 'stops';
  await new S3Client(aws.client).send(new CreateBucketCommand({ Bucket: bucket }));
  const { QueueUrl = '' } = await new SQSClient(aws.client).send(new CreateQueueCommand({ QueueName: 'stops' }));
  const { path } = buildWorkerBundle(join(tmpdir(), `sluice-stops-${process.pid}`));
  const environment = {
    ...aws.childEnv,
    SLUICE_BUCKET: bucket,
    SLUICE_QUEUE_URL: QueueUrl,
    SLUICE_STOP_SECONDS: '120',
    SLUICE_DEPLOYMENT: 'stops',
    ...groupsAsVariables(
      settingsSchema.parse({ workers: { idleSeconds: 1 } }),
      'workers',
      'sources',
      'limits',
      'metrics',
    ),
  };
  await report('worker, from its start to its end on an empty queue', count, () =>
    ended(process.execPath, [STRESS, path], environment, WORKER_SECONDS),
  );
}

async function ended(command: string, args: string[], env: NodeJS.ProcessEnv, limitSeconds: number) {
  const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const seconds = await timed(() => endOfChild(child, once(child, 'close'), limitSeconds));
  if (child.signalCode !== null) return { seconds, problem: `was ended by ${child.signalCode}` };
  return { seconds, problem: child.exitCode === 0 ? undefined : `ended with exit code ${child.exitCode}` };
}

async function report(
  what: string,
  count: number,
  once: () => Promise<{ seconds: number; problem: string | undefined }>,
): Promise<void> {
  const took: number[] = [];
  const problems: string[] = [];
  for (let number = 1; number <= count; number++) {
    const { seconds, problem } = await once();
    took.push(seconds);
    if (problem !== undefined) problems.push(`${number}: ${problem}`);
  }
  const sorted = took.toSorted((one, other) => one - other).map((seconds) => Math.round(seconds * 100) / 100);
  const median = sorted[Math.floor(sorted.length / 2)];
  if (count > 0) console.log(JSON.stringify({ what, count, problems, medianSeconds: median, longest: sorted.at(-1) }));
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
}
