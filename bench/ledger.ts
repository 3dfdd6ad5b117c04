/**
 * `node bench/ledger.ts --items 100000`: time and memory of the gate's exact count over a generated ledger, on a real S3
 * server. It writes N results and N landed records, counts them by the gate's own code in a process of its own with the
 * memory of the Lambda, and says what a look took. See docs/waiting.md for what came out.
 *
 * By default on versitygw. `--endpoint`, `--access-key` and `--secret-key` name another server, `--bucket` one that is
 * filled already.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { loadavg } from 'node:os';
import { parseArgs, promisify } from 'node:util';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { request } from 'undici';
import { lookAtLedger } from '#lambdas/gatekeeper/ledger-count.ts';
import { newGateRecord } from '#run/gate-record.ts';
import { runKeys } from '#run/keys.ts';
import type { PlanSummary } from '#run/plan-summary.ts';
import { countByShard, SHARDS } from '#run/shards.ts';
import type { Store } from '#run/store.ts';
import { startS3Server } from '#test/helpers/s3-server.ts';

const RUN_ID = 'ledger-bench';
/** What the gatekeeper's Lambda has. V8's heap is bounded by it; the rest is Node itself. */
const LAMBDA_MIB = 256;

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '10000' },
    endpoint: { type: 'string' },
    'access-key': { type: 'string', default: 'bench' },
    'secret-key': { type: 'string', default: 'bench-secret' },
    bucket: { type: 'string' },
    /** Fills by plain requests, for a server that asks for no signature: signing costs a millisecond each. */
    unsigned: { type: 'boolean', default: false },
    /** Set in the process that counts. */
    count: { type: 'boolean', default: false },
  },
});
const items = Number(values.items);

const idOf = (n: number): string => createHash('md5').update(String(n)).digest('hex');

function clientFor(endpoint: string): S3Client {
  return new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: values['access-key'], secretAccessKey: values['secret-key'] },
  });
}

/** Counts as the gatekeeper does, and prints one line of JSON. */
async function count(endpoint: string, bucket: string): Promise<void> {
  const store: Store = { client: clientFor(endpoint), bucket };
  let lists = 0;
  store.client.middlewareStack.add(
    (next) => (args) => {
      lists++;
      return next(args);
    },
    { step: 'finalizeRequest' },
  );
  const began = performance.now();
  const found = await lookAtLedger(store, planOf(), newGateRecord(RUN_ID), undefined);
  const seconds = (performance.now() - began) / 1_000;
  const { done, failed, missing } = found;
  const again = performance.now();
  const finished = { ...newGateRecord(RUN_ID), finished: found.finished };
  await lookAtLedger(store, planOf(), finished, undefined);
  const secondsAgain = (performance.now() - again) / 1_000;
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1_024);
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6;
  console.log(JSON.stringify({ items, done, failed, missing, lists, seconds, secondsAgain, cpuSeconds, peakMiB }));
}

function planOf(): PlanSummary {
  const ids = (function* () {
    for (let n = 0; n < items; n++) yield idOf(n);
  })();
  return {
    v: 1,
    runId: RUN_ID,
    executionArn: 'arn',
    startedAt: new Date().toISOString(),
    scheduledTime: new Date().toISOString(),
    items,
    batches: 0,
    shards: countByShard(ids),
    work: 0,
    processed: items,
    rerunOf: null,
    onLate: 'partial',
    waitFor: [],
    deadline: null,
    stopAt: null,
    force: false,
  };
}

/** Two records an item, as a run of sources with a processor leaves them. */
async function fill(client: S3Client, endpoint: string, bucket: string): Promise<void> {
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const began = performance.now();
  const keys = (function* () {
    for (let n = 0; n < items; n++) {
      for (const ledger of ['landed', 'results'] as const) yield runKeys(RUN_ID).record(ledger, idOf(n));
    }
  })();
  let put = 0;
  await pMap(
    keys,
    async (Key) => {
      if (values.unsigned) {
        const answer = await request(`${endpoint}/${bucket}/${Key}`, { method: 'PUT', body: '{"v":1}' });
        if (answer.statusCode !== 200) throw new Error(`PUT answers ${answer.statusCode}: ${await answer.body.text()}`);
        await answer.body.dump();
      } else {
        await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: '{"v":1}' }));
      }
      if (++put % 50_000 === 0) {
        process.stderr.write(`${put} records, ${Math.round((performance.now() - began) / 1_000)} s\n`);
      }
    },
    { concurrency: 64 },
  );
}

if (values.count) {
  await count(values.endpoint ?? '', values.bucket ?? '');
} else {
  await using server = values.endpoint === undefined ? await startS3Server({ kind: 'versitygw' }) : undefined;
  if (server !== undefined) {
    values['access-key'] = server.credentials.accessKeyId;
    values['secret-key'] = server.credentials.secretAccessKey;
  }
  const endpoint = values.endpoint ?? server?.endpoint ?? '';
  const bucket = values.bucket ?? 'ledger-bench';
  if (values.bucket === undefined) await fill(clientFor(endpoint), endpoint, bucket);
  console.log(
    `${SHARDS.length} shards, load ${loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')}`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [
    `--max-old-space-size=${LAMBDA_MIB}`,
    import.meta.filename,
    '--count',
    ...['--items', values.items, '--endpoint', endpoint, '--bucket', bucket],
    ...['--access-key', values['access-key'], '--secret-key', values['secret-key']],
  ]);
  console.log(stdout.trim());
}
