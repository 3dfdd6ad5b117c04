import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { bundleLambdas, type LambdaBundle } from '#lib/bundling/lambda-bundles.ts';
import { LAMBDA_NAMES, type LambdaName, lambdaEntries } from '#lib/functions/lambda-entries.ts';
import { itemId } from '#run/ids.ts';
import { runKeys } from '#run/keys.ts';
import { createBucket } from '#test/helpers/s3-objects.ts';
import { startS3Server } from '#test/helpers/s3-server.ts';
import { startSourceServer } from '#test/helpers/source-server.ts';
import { ColdProcess, type ColdStart } from '../harness/cold-process.ts';
import { deployedVariables } from '../harness/deployed-variables.ts';
import { notRun } from '../harness/not-run.ts';
import { type Bench, type CaseResult, type Finding, MIB, median } from '../harness/run.ts';
import { SHIPPED } from '../harness/shipped.ts';
import { SEED } from '../harness/source-files.ts';

const GOAL_BYTES = MIB;
/** The goals, in multiples of the CPU of Node alone. */
const GOAL_TIMES = { loaded: 3, 'asks for the first byte': 4 } as const;
/** More than Open transfers by itself, so that a slice is left. */
const FILE_BYTES = 100 * MIB;
/** The functions that transfer, and that are called. The others are only loaded. */
const CALLED = ['open', 'slice'] as const satisfies LambdaName[];
/** How many of the modules that were not run are named. */
const MODULES = 8;

/**
 * Measures how long a new process of each function takes until it is loaded, and for functions that transfer, until
 * they send a request to the source.
 */
export async function coldstartCase(bench: Bench): Promise<CaseResult> {
  const bundles = bundleLambdas(lambdaEntries());
  const looked = bundleLambdas(lambdaEntries(), { sourcemap: 'inline' });
  let latest: ColdProcess | undefined;
  await using source = await startSourceServer({
    file: { seed: SEED, length: FILE_BYTES },
    rules: [{ faults: [{ name: 'told', prepare: () => latest?.tellAsked() }] }],
  });
  await using s3 = await startS3Server({ kind: 'versitygw' });
  const bucket = await createBucket(s3.client);
  const variables = deployedVariables();
  const names = LAMBDA_NAMES.filter((name) => variables[name] !== undefined);
  const env = {
    PATH: process.env.PATH ?? '',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(SHIPPED.memoryMiB),
    AWS_ENDPOINT_URL: s3.endpoint,
    AWS_REGION: s3.region,
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
  };
  const own = { SLUICE_BUCKET: bucket, SLUICE_SOURCES: '{"openRanges":["127.0.0.0/8"],"ports":[]}' };
  const start = (args: readonly string[], extra: Readonly<Record<string, string>> = {}) => {
    latest = new ColdProcess(args, { ...env, ...extra });
    return latest.ended;
  };
  const load = (name: LambdaName, of: typeof bundles, payload: readonly string[], extra = {}) =>
    start([join(of[name].folder, 'index.mjs'), ...payload], { ...variables[name], ...own, ...extra });

  /** Calls Open, and then Slice for the rest. */
  const callBoth = async (runId: string, of: typeof bundles, extra?: (name: string) => Record<string, string>) => {
    const id = itemId(runId);
    const batch = runKeys(runId).batch(0);
    const items = [{ kind: 'source', id, url: source.url, key: `landed/${runId}`, process: null }];
    await s3.client.send(new PutObjectCommand({ Bucket: bucket, Key: batch, Body: JSON.stringify(items) }));
    const call = (name: LambdaName, payload: object) => load(name, of, [JSON.stringify(payload)], extra?.(name));
    const open = await call('open', { runId, batch, call: 1 });
    const { large } = open.answer as { large: readonly { slices: readonly number[] }[] };
    if (large.length !== 1) throw new Error(`OpenItems returned no slice: ${JSON.stringify(open.answer)}`);
    return { open, slice: await call('slice', { runId, item: id, slice: 0, call: 1 }) };
  };

  const rounds = bench.quick ? 1 : bench.brief ? 7 : 15;
  const bare: ColdStart[] = [];
  const starts = new Map<LambdaName, ColdStart[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    bare.push(await start([]));
    for (const name of names) {
      if (!isCalled(name)) starts.get(name)?.push(await load(name, bundles, []));
    }
    const called = await callBoth(`bench-${round}`, bundles);
    for (const name of CALLED) starts.get(name)?.push(called[name]);
  }
  const ofStarts = (name: LambdaName, figure: (one: ColdStart) => number | undefined) =>
    median((starts.get(name) ?? []).map((one) => figure(one) ?? Number.NaN));
  const ready = (name: LambdaName) => ofStarts(name, (one) => one.readyCpu);
  const asked = (name: LambdaName) => ofStarts(name, (one) => one.asked?.cpu);
  const alone = median(bare.map((one) => one.readyCpu));
  bench.say(
    `   ${CALLED.map((name) => `${name} ${ready(name).toFixed(0)}, ${asked(name).toFixed(0)}`).join('; ')} ms of CPU`,
  );

  return {
    title: 'Cold start',
    method: `${rounds} starts of a new process of each function, interleaved, medians, with the bundle that is deployed, a source and an S3 server on the loopback interface. CPU is the CPU time of all threads, with the start of Node: Node alone takes ${alone.toFixed(0)} ms. Before the request for the first byte, Open reads its batch from S3 and looks for an object at the key, Slice reads the transfer's state and lists its parts.`,
    tables: [
      {
        columns: [
          'function',
          'bundle: KiB',
          'read at the start',
          'loaded: CPU ms',
          'wall ms',
          'first byte asked for: CPU ms',
          'wall ms',
        ],
        rows: names.map((name) => [
          name,
          kib(bytesOf(bundles[name])),
          kib(bytesOf({ ...bundles[name], later: [] })),
          ready(name).toFixed(0),
          ofStarts(name, (one) => one.readyWall).toFixed(0),
          ...(isCalled(name)
            ? [asked(name).toFixed(0), ofStarts(name, (one) => one.asked?.wall).toFixed(0)]
            : ['', '']),
        ]),
      },
      {
        caption:
          'Code that is read at the start, but that a whole call does not run: functions and branches, by module, largest first',
        columns: ['function', 'KiB in all', 'of which'],
        rows: await notRunBy(looked, (extra) => callBoth('bench-not-run', looked, extra)),
      },
    ],
    findings: CALLED.flatMap((name): Finding[] => [
      {
        goal: `${name}: all files of its bundle at most ${GOAL_BYTES / MIB} MiB`,
        figure: `${kib(bytesOf(bundles[name]))} KiB`,
        met: bytesOf(bundles[name]) <= GOAL_BYTES,
      },
      ...(['loaded', 'asks for the first byte'] as const).map((until) => {
        const times = (until === 'loaded' ? ready(name) : asked(name)) / alone;
        return {
          goal: `${name}: at most ${GOAL_TIMES[until]} times the CPU of Node alone until it ${until === 'loaded' ? 'is loaded' : until}`,
          figure: `${times.toFixed(1)} times ${alone.toFixed(0)} ms`,
          met: times <= GOAL_TIMES[until],
        };
      }),
    ]),
  };
}

function isCalled(name: LambdaName): name is (typeof CALLED)[number] {
  return CALLED.some((one) => one === name);
}

async function notRunBy(
  bundles: Readonly<Record<LambdaName, LambdaBundle>>,
  call: (extra: (name: string) => Record<string, string>) => Promise<unknown>,
): Promise<string[][]> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-not-run-'));
  try {
    await call((name) => ({ NODE_V8_COVERAGE: join(folder, name) }));
    return CALLED.map((name) => {
      const modules = notRun(join(folder, name), bundles[name].folder);
      const most = modules.slice(0, MODULES).map(({ module, bytes }) => `${module} ${kib(bytes)}`);
      return [name, kib(modules.reduce((sum, { bytes }) => sum + bytes, 0)), most.join(', ')];
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function bytesOf({ atStart, later }: LambdaBundle): number {
  return [...atStart, ...later].reduce((sum, { bytes }) => sum + bytes, 0);
}

function kib(bytes: number): string {
  return (bytes / 1_024).toFixed(0);
}
