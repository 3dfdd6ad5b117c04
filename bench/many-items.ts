/**
 * `node bench/many-items.ts --items 20000`: a run of many small files from its list to its manifest, on the embedded
 * AWS with the deployed stack: Plan, Ingest, workers that profile each file, the gate, and the end. A source of this
 * process serves the files, 1 to 100 KiB each: one of `--tables 20` is a CSV table, the others are binary, since a
 * table takes a worker far more CPU. At the end it compares every landed object with what the source served, byte for
 * byte.
 *
 * It stops after `--minutes` (40 by default) and then says how far the run had come. Only one file of
 * `--processed 1` gets the processor, the others are done once they have landed.
 * `docs/waiting.md` has what came out.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import pMap from 'p-map';
import { followRun } from '#cli/follow/follow-run.ts';
import { readManifest } from '#cli/report/read-run.ts';
import { readRequests, refusalsIn } from '#local/embedded/request-log.ts';
import { scriptOptions } from '#local/script-options.ts';
import { startDeployedAws } from '#test/helpers/embedded-aws.ts';
import { recordedItems } from '#test/helpers/run.ts';
import { startWeb } from '#test/helpers/web.ts';
import { descendants } from './harness/process-tree.ts';

const { values } = scriptOptions({
  command: 'node bench/many-items.ts',
  about: 'Runs many small files from list to manifest on the embedded AWS with the deployed stack.',
  options: {
    items: { type: 'string', takes: 'NUMBER', default: '20000', what: 'files of the run' },
    minutes: {
      type: 'string',
      takes: 'NUMBER',
      default: '40',
      what: 'stop after this many minutes, and print the progress of the run',
    },
    workers: { type: 'string', takes: 'NUMBER', default: '2', what: 'the largest number of workers' },
    'at-once': { type: 'string', takes: 'NUMBER', default: '2', what: 'items at once in a worker' },
    tables: { type: 'string', takes: 'NUMBER', default: '20', what: 'one file in this many is a table' },
    processed: { type: 'string', takes: 'NUMBER', default: '1', what: 'one file in this many has a processor' },
    log: { type: 'string', takes: 'FILE', what: 'the file for the log of the embedded AWS' },
  },
});
const items = Number(values.items);
const minutes = Number(values.minutes);
const LEAST_BYTES = 1_024;
const MOST_BYTES = 100 * 1_024;
const LOOK_SECONDS = 60;
const READS_AT_ONCE = 16;
const runId = `many-${items}`;

/** A row is 23 bytes with its line's end, so that a file of a given length is cut from one text. */
const HEADER = 'station,day,low,high,rain\n';
const ROWS = Array.from({ length: 4_600 }, (_, n) => {
  const [station, day, low, high, rain] = [n % 9_999, n % 365, n % 40, n % 45, n % 97].map(String);
  return `${station?.padStart(6, '1')},${day?.padStart(3, '0')},${low?.padStart(2, '1')},${high?.padStart(2, '2')},0.${rain?.padStart(2, '0')}\n`;
}).join('');
const ROW_BYTES = ROWS.indexOf('\n') + 1;

const tables = Number(values.tables);
const processed = Number(values.processed);
const nameOf = (n: number) => `station-${n}.${n % tables === 0 ? 'csv' : 'bin'}`;
const BYTES = randomBytes(MOST_BYTES);

/** The file of a number: as many small ones as large ones on a scale of powers, and no two alike. */
function fileOf(n: number): Buffer {
  const part = ((n * 7_919) % 1_000) / 1_000;
  const bytes = Math.round(LEAST_BYTES * (MOST_BYTES / LEAST_BYTES) ** part);
  const first = `${String(n).padStart(6, '0')},000,00,00,0.00\n`;
  if (n % tables !== 0) return Buffer.concat([Buffer.from(first), BYTES.subarray(first.length, bytes)]);
  const rows = Math.floor((bytes - HEADER.length - first.length) / ROW_BYTES);
  return Buffer.from(HEADER + first + ROWS.slice(0, rows * ROW_BYTES));
}

const began = performance.now();
const elapsed = () => Math.round((performance.now() - began) / 1_000);
const say = (text: string) => process.stderr.write(`${String(elapsed()).padStart(5)} s  ${text}\n`);

await using disposer = new AsyncDisposableStack();
const web = await startWeb((request, response) => {
  const n = Number(/(\d+)\.\w+$/.exec(request.url ?? '')?.[1]);
  const type = nameOf(n).endsWith('.csv') ? 'text/csv' : 'application/octet-stream';
  response.writeHead(200, { 'content-type': type, etag: `"${n}"` }).end(fileOf(n));
});
disposer.defer(() => web.stop());
const aws = await startDeployedAws({
  'gate.intervalSeconds': 10,
  'gate.attempts': 1_000,
  'workers.max': Number(values.workers),
  'workers.itemsAtOnce': Number(values['at-once']),
});
disposer.defer(async () => {
  if (values.log !== undefined) await rename(`${aws.folder}/aws.log`, values.log);
  await aws.stop();
});
const s3 = new S3Client(aws.client);
const sfn = new SFNClient(aws.client);
const store = { client: s3, bucket: aws.outputs.BucketName };
say('deployed');

const list = Array.from({ length: items }, (_, n) =>
  JSON.stringify({
    url: `${web.url}/${nameOf(n)}`,
    key: `raw/${nameOf(n)}`,
    ...(n % processed !== 0 && { process: null }),
  }),
);
await s3.send(new PutObjectCommand({ Bucket: store.bucket, Key: 'lists/many.jsonl', Body: `${list.join('\n')}\n` }));
const input = { sourcesFrom: { key: 'lists/many.jsonl' }, process: 'profile' };
const { executionArn = '' } = await sfn.send(
  new StartExecutionCommand({
    stateMachineArn: aws.outputs.StateMachineArn,
    name: runId,
    input: JSON.stringify(input),
  }),
);

const runBegan = performance.now();
const states: { state: string; at: Date }[] = [];
const stop = AbortSignal.timeout(minutes * 60_000);
const cpu = new Map<number, { kind: string; seconds: number }>();
const sampling = setInterval(() => sampleCpu(), 2_000);
const looking = setInterval(
  () => void look().catch((error) => say(`could not read the run's records: ${error}`)),
  LOOK_SECONDS * 1_000,
);
let outcome = 'not at its end';
let problem = '';
try {
  const { end } = await followRun({ s3, sfn }, executionArn, {
    signal: stop,
    onEvent: (event) => {
      if (event.kind === 'state') {
        states.push({ state: event.state, at: event.at });
        say(event.state);
      } else if (event.kind === 'not-ready') say(event.message);
      else if (event.kind === 'fault') say(`${event.error}: ${event.message}`);
    },
  });
  outcome = `${end.status} ${end.error ?? ''}`.trim();
} catch (error) {
  if (!stop.aborted) throw error;
  problem = `stopped after ${minutes} minutes`;
} finally {
  clearInterval(sampling);
  clearInterval(looking);
}
const wall = (performance.now() - runBegan) / 1_000;

await look();
if (problem === '') {
  const { counts, forced, failed } = await readManifest(store, runId);
  outcome = `${outcome}, ${JSON.stringify(counts)}${forced ? ', forced' : ''}`;
  for (const item of failed.slice(0, 5)) say(`failed: ${item.name} (${item.stage}): ${item.problem.detail}`);
  const different = await pMap(
    Array.from({ length: items }, (_, n) => n),
    isDifferent,
    {
      concurrency: READS_AT_ONCE,
    },
  );
  problem = `${different.filter(Boolean).length} objects differ from their source`;
}
say(`${outcome}; ${problem}`);
for (const refusal of refusalsIn(await readRequests(aws.requestsFile))) say(refusal);
console.log(
  JSON.stringify(
    {
      items,
      outcome,
      problem,
      wallSeconds: Math.round(wall),
      itemsPerSecond: Number((items / wall).toFixed(2)),
      sourceRequests: web.requests.length,
      states: states.map(({ state, at }) => `${at.toISOString().slice(11, 19)} ${state}`),
      cpuSeconds: sumByKind(),
      load: loadavg().map((load) => Number(load.toFixed(1))),
    },
    undefined,
    1,
  ),
);

async function look(): Promise<void> {
  const [landed, results, failures] = await Promise.all(
    (['landed', 'results', 'failures'] as const).map(
      async (ledger) => (await recordedItems(store, runId, ledger)).size,
    ),
  );
  say(
    `${landed} landed, ${results} processed, ${failures} failed; CPU ${JSON.stringify(sumByKind())}; load ${loadavg()[0]?.toFixed(1)}`,
  );
}

async function isDifferent(n: number): Promise<boolean> {
  const answer = await s3.send(new GetObjectCommand({ Bucket: store.bucket, Key: `raw/${nameOf(n)}` }));
  const landed = await answer.Body?.transformToByteArray();
  return landed === undefined || !fileOf(n).equals(landed);
}

/**
 * Keeps the last CPU time of each child process: if a process ends between two samples, a little of its time is not
 * counted.
 */
function sampleCpu(): void {
  for (const pid of descendants(process.pid)) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const kind = command.includes('launch.py')
        ? 'embedded AWS'
        : command.includes('worker.mjs')
          ? 'workers'
          : 'other';
      // Fields 14 and 15 of the whole line, in ticks of 10 ms.
      cpu.set(pid, { kind, seconds: (Number(fields[11]) + Number(fields[12])) / 100 });
    } catch {
      // The process has ended.
    }
  }
}

function sumByKind(): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { kind, seconds } of cpu.values()) sums[kind] = Math.round((sums[kind] ?? 0) + seconds);
  return sums;
}
