/**
 * `node bench/ledger.ts --items 10000 --step gate`: what it takes to look at a long run, and to end it: requests, CPU
 * seconds, peak memory, and the time on Lambda that this makes. The run is generated on a real S3 server; each step is
 * the functions' own code, bundled as they are, in a process of its own with the heap that Lambda gives.
 * `docs/waiting.md` has what came out.
 *
 * Steps: `gate`, the exact count; `reconcile`; `end`, which closes the run and writes its end piece by piece; `all`,
 * the default. `--pieces 3` measures three pieces of the end and uses copies of the last one for the others, before the
 * last step adds them up. `--mixed` says that only every second item has a processor: then the gate needs both ledgers,
 * and the plan.
 *
 * By default on versitygw. `--endpoint`, `--access-key` and `--secret-key` name another server, `--filled` says that a
 * run before has filled it, `--put` names an address that takes unsigned PUTs of `/<bucket>/<key>`, which fill three
 * times as fast.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { buildSync } from 'esbuild';
import pMap from 'p-map';
import { request } from 'undici';
import { ESM_BUNDLE } from '#lib/bundling/esm-bundle.ts';
import { scriptOptions } from '#local/script-options.ts';
import { pieceCount } from '#run/end/pieces.ts';
import { startS3Server } from '#test/helpers/s3-server.ts';
import { expectedCounts, type GeneratedRun, objectsOf, planOf } from './harness/generated-run.ts';

const { values } = scriptOptions({
  command: 'node bench/ledger.ts',
  about: 'Measures a look at a long run, and its end, on versitygw.',
  options: {
    items: { type: 'string', takes: 'NUMBER', default: '10000', what: 'items of the run' },
    mixed: { type: 'boolean', default: false, what: 'only every second item has a processor' },
    step: { type: 'string', takes: 'STEP', default: 'all', what: 'measure gate, reconcile, end or all' },
    endpoint: { type: 'string', takes: 'URL', what: 'the URL of another S3 server' },
    'access-key': { type: 'string', takes: 'KEY', default: 'bench', what: 'of that server' },
    'secret-key': { type: 'string', takes: 'KEY', default: 'bench-secret', what: 'of that server' },
    memory: {
      type: 'string',
      takes: 'NUMBER',
      what: 'memory of the functions in MB, instead of their deployed memory',
    },
    pieces: {
      type: 'string',
      takes: 'NUMBER',
      what: 'measure this many pieces of the end, and use copies of the last one for the others',
    },
    'fill-only': { type: 'boolean', default: false, what: 'fill the server and measure nothing' },
    filled: { type: 'boolean', default: false, what: 'an earlier call has filled the server' },
    put: { type: 'string', takes: 'URL', what: 'send unsigned PUTs, which are faster' },
  },
});
const bucket = `ledger-bench-${values.items}`;
const run: GeneratedRun = { items: Number(values.items), mixed: values.mixed, bucket };

/** The memory of the deployed functions, in MB: lib/functions/functions.ts. */
const MEMORY = { gate: 512, reconcile: 1_769, close: 512, piece: 1_769, copies: 1_769, finish: 1_769 };
/** Lambda gives one processor to this size, and smaller sizes in proportion. */
const ONE_PROCESSOR_MB = 1_769;

await using server = values.endpoint === undefined ? await startS3Server({ kind: 'versitygw' }) : undefined;
const endpoint = values.endpoint ?? server?.endpoint ?? '';
const credentials = server?.credentials ?? {
  accessKeyId: values['access-key'],
  secretAccessKey: values['secret-key'],
};
if (!values.filled) await fill();
if (!values['fill-only']) await measure();

async function fill(): Promise<void> {
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  await client.send(new CreateBucketCommand({ Bucket: bucket })).catch((error: Error) => {
    // After an interrupted fill, the bucket exists already.
    if (error.name !== 'BucketAlreadyOwnedByYou') throw error;
  });
  const put = async ({ key, body }: { key: string; body: string }): Promise<void> => {
    if (values.put === undefined) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
      return;
    }
    const answer = await request(`${values.put}/${bucket}/${key}`, { method: 'PUT', body });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`PUT ${key} answers ${answer.statusCode}: ${text}`);
  };
  const began = performance.now();
  let count = 0;
  await pMap(
    objectsOf(run),
    async (object) => {
      await put(object);
      if (++count % 50_000 !== 0) return;
      process.stderr.write(`${count} objects, ${Math.round((performance.now() - began) / 1_000)} s\n`);
    },
    { concurrency: 64 },
  );
}

/** What a step of the bundle says of itself. */
interface Measured {
  readonly step: keyof typeof MEMORY;
  readonly found: Readonly<Record<string, unknown>>;
  readonly requests: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

async function measure(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-ledger-'));
  try {
    const bundle = join(folder, 'step.mjs');
    const entry = fileURLToPath(new URL('harness/ledger-step.ts', import.meta.url));
    buildSync({ ...ESM_BUNDLE, entryPoints: [entry], outfile: bundle, logLevel: 'error' });
    const plan = join(folder, 'plan.json');
    writeFileSync(plan, JSON.stringify(planOf(run)));
    const { accessKeyId, secretAccessKey } = credentials;
    const step = async (name: keyof typeof MEMORY, ...more: readonly string[]): Promise<Measured> => {
      const args = [name, plan, endpoint, bucket, accessKeyId, secretAccessKey, ...more];
      const { stdout } = await promisify(execFile)(process.execPath, [...heapOf(name), bundle, ...args]);
      return { ...JSON.parse(stdout), step: name };
    };

    console.log(
      `${run.items} items: ${JSON.stringify(expectedCounts(run))}; load ${loadavg().map((load) => load.toFixed(1))}`,
    );
    console.log('| step | function | requests | seconds here | CPU seconds | peak memory | on Lambda | found |');
    console.log('|---|---|---|---|---|---|---|---|');
    if (values.step === 'gate' || values.step === 'all') print('gate, an exact look', [await step('gate')]);
    if (values.step === 'reconcile' || values.step === 'all') print('Reconcile', [await step('reconcile')]);
    if (values.step === 'end' || values.step === 'all') {
      print('CloseState', [await step('close')]);
      const of = pieceCount(planOf(run));
      const pieces: Measured[] = [];
      const measured = Math.min(of, Number(values.pieces ?? of));
      for (let piece = 0; piece < measured; piece++) pieces.push(await step('piece', String(piece), String(of)));
      print(`ItemsState, ${measured} of ${of} pieces`, pieces);
      if (measured < of) await step('copies', String(measured), String(of));
      const slowest = pieces.reduce((most, one) => (one.cpuSeconds > most.cpuSeconds ? one : most));
      print('its slowest piece', [slowest]);
      print('DoneState', [await step('finish', String(of))]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function memoryOf(step: keyof typeof MEMORY): number {
  return values.memory === undefined ? MEMORY[step] : Number(values.memory);
}

/**
 * Lambda's Node starts with a tenth of the memory for each of the two halves for new objects, and the rest for old
 * ones. By default, Node sizes these halves for this machine's memory, and a look creates mostly new objects.
 */
function heapOf(step: keyof typeof MEMORY): string[] {
  const newSpace = memoryOf(step) / 10;
  const oldSpace = memoryOf(step) - newSpace;
  return [`--max-semi-space-size=${Math.floor(newSpace / 2)}`, `--max-old-space-size=${Math.floor(oldSpace)}`];
}

function print(what: string, measured: readonly Measured[]): void {
  const [first] = measured;
  if (first === undefined) return;
  const sum = (of: (one: Measured) => number) => measured.reduce((total, one) => total + of(one), 0);
  const memory = memoryOf(first.step);
  const cpu = sum((one) => one.cpuSeconds);
  const cells = [
    what,
    `${memory} MB`,
    sum((one) => one.requests),
    sum((one) => one.seconds).toFixed(1),
    cpu.toFixed(1),
    `${Math.max(...measured.map((one) => one.peakMiB)).toFixed(0)} MiB`,
    `${(cpu / Math.min(1, memory / ONE_PROCESSOR_MB)).toFixed(0)} s`,
    measured.length === 1 ? JSON.stringify(first.found) : '',
  ];
  console.log(`| ${cells.join(' | ')} |`);
}
