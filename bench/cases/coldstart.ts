import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { bundleLambdas } from '#lib/lambda-bundles.ts';
import { type LambdaName, lambdaEntries } from '#lib/lambda-entries.ts';
import { itemId } from '#run/ids.ts';
import { runKeys } from '#run/keys.ts';
import { createBucket } from '#test/helpers/s3-objects.ts';
import { startS3Server } from '#test/helpers/s3-server.ts';
import { startSourceServer } from '#test/helpers/source-server.ts';
import { type Bench, type CaseResult, type Finding, MIB, median } from '../run.ts';
import { SHIPPED } from '../shipped.ts';
import { SEED } from '../source-files.ts';

const GOAL_BYTES = MIB;
const GOAL_CPU_MILLISECONDS = 150;
/** More than Open finishes by itself, so that a slice is left. */
const FILE_BYTES = 100 * MIB;

interface ColdStart {
  readonly readyCpu: number;
  readonly readyWall: number;
  /** When the source heard of it. */
  readonly askedCpu: number;
  readonly askedWall: number;
  readonly answer: unknown;
}

/** How long a new process of the functions that transfer takes until it asks the source for the first byte. */
export async function coldstartCase(bench: Bench): Promise<CaseResult> {
  const bundles = bundleLambdas(lambdaEntries());
  const bytes = (name: LambdaName) => statSync(join(bundles[name].folder, 'index.mjs')).size;
  let asked = () => {};
  await using source = await startSourceServer({
    file: { seed: SEED, length: FILE_BYTES },
    rules: [{ faults: [{ name: 'told', prepare: () => asked() }] }],
  });
  await using s3 = await startS3Server({ kind: 'versitygw' });
  const bucket = await createBucket(s3.client);
  const env = {
    PATH: process.env.PATH ?? '',
    AWS_ENDPOINT_URL: s3.endpoint,
    AWS_REGION: s3.region,
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(SHIPPED.memoryMiB),
    SLUICE_BUCKET: bucket,
    // Nothing is dispatched, since the source gets no processor.
    SLUICE_QUEUE_URL: 'http://127.0.0.1:9/queue',
    SLUICE_CONNECTIONS: String(SHIPPED.connections),
    SLUICE_BUFFER_MIB: String(SHIPPED.bufferMiB),
    SLUICE_SLICE_MIB: String(SHIPPED.sliceMiB),
    SLUICE_SOURCES_AT_ONCE: String(SHIPPED.sourcesAtOnce),
    SLUICE_SLICES_PER_BATCH: '40',
    SLUICE_SOURCE_RULES: JSON.stringify({ openRanges: ['127.0.0.0/8'], ports: [] }),
  };

  const start = (name: LambdaName, payload: object) =>
    new Promise<ColdStart>((resolve, reject) => {
      const runner = fileURLToPath(new URL('../cold-handler.mjs', import.meta.url));
      const since = performance.now();
      const args = [runner, join(bundles[name].folder, 'index.mjs'), JSON.stringify(payload)];
      const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
      let complaints = '';
      let ready: Pick<ColdStart, 'readyCpu' | 'readyWall'> | undefined;
      let first: Pick<ColdStart, 'askedCpu' | 'askedWall'> | undefined;
      let answer: unknown;
      child.stderr.on('data', (text: Buffer) => {
        complaints += text.toString();
      });
      asked = () => {
        first ??= { askedCpu: cpuMilliseconds(child.pid ?? 0), askedWall: performance.now() - since };
      };
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (ready === undefined) ready = { readyCpu: Number(line), readyWall: performance.now() - since };
        else answer = JSON.parse(line);
      });
      child.once('error', reject).once('close', (code) => {
        if (code !== 0 || !ready || !first) reject(new Error(`${name} ended with ${code}: ${complaints.slice(-2000)}`));
        else resolve({ ...ready, ...first, answer });
      });
    });

  const starts: Record<'open' | 'slice', ColdStart[]> = { open: [], slice: [] };
  const rounds = bench.quick ? 1 : 7;
  for (let round = 0; round < rounds; round++) {
    const runId = `bench-${round}`;
    const id = itemId(runId);
    const batch = runKeys(runId).batch(0);
    const items = [{ kind: 'source', id, url: source.url, key: `landed/${runId}`, process: null }];
    await s3.client.send(new PutObjectCommand({ Bucket: bucket, Key: batch, Body: JSON.stringify(items) }));
    const open = await start('open', { runId, batch, call: 1 });
    const { large } = open.answer as { large: readonly { slices: readonly number[] }[] };
    if (large.length !== 1) throw new Error(`open left no slice: ${JSON.stringify(open.answer)}`);
    const slice = await start('slice', { runId, item: id, slice: 0, call: 1 });
    starts.open.push(open);
    starts.slice.push(slice);
  }

  const of = (name: 'open' | 'slice', field: Exclude<keyof ColdStart, 'answer'>) =>
    median(starts[name].map((one) => one[field]));
  const names = ['open', 'slice'] as const;
  bench.say(`   ${names.map((name) => `${name} ${of(name, 'askedCpu').toFixed(0)} ms of CPU`).join(', ')}`);
  const kib = (name: LambdaName) => (bytes(name) / 1024).toFixed(0);
  return {
    title: 'Cold start',
    method: `${rounds} starts of a new process with the function's own bundle, against a source and an S3 server on the loopback interface, medians. CPU of all threads. Before the first byte is asked for, Open reads its batch from S3 and looks for an object at the key, Slice reads the transfer's state and lists its parts.`,
    tables: [
      {
        columns: ['function', 'loaded: CPU ms', 'wall ms', 'first byte asked for: CPU ms', 'wall ms'],
        rows: names.map((name) => [
          name,
          ...(['readyCpu', 'readyWall', 'askedCpu', 'askedWall'] as const).map((field) => of(name, field).toFixed(0)),
        ]),
      },
      {
        caption: 'Bundles, minified',
        columns: ['function', 'KiB'],
        rows: (Object.keys(bundles) as LambdaName[]).map((name) => [name, kib(name)]),
      },
    ],
    findings: names.flatMap((name): Finding[] => [
      {
        goal: `${name}: a bundle of at most ${GOAL_BYTES / MIB} MiB`,
        figure: `${kib(name)} KiB`,
        met: bytes(name) <= GOAL_BYTES,
      },
      {
        goal: `${name}: at most ${GOAL_CPU_MILLISECONDS} ms of CPU until it asks for the first byte`,
        figure: `${of(name, 'askedCpu').toFixed(0)} ms, of which ${of(name, 'readyCpu').toFixed(0)} until it is loaded`,
        met: of(name, 'askedCpu') <= GOAL_CPU_MILLISECONDS,
      },
    ]),
  };
}

/** What every thread of a process has had of the CPU so far, as Linux's scheduler counts it in nanoseconds. */
function cpuMilliseconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((id) =>
    Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1_000_000;
}
