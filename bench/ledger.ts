/**
 * `node bench/ledger.ts --items 10000`: time and memory of the gate's exact count over a generated ledger on a real S3 server:
 * a plan of N items in batches of fifty, each of them landed and with a result. `docs/waiting.md` has what came out.
 *
 * `--mixed` says that every second item gets no processor: then the gate needs both ledgers, and the plan. `--progress` reads
 * what DoneState needs instead: what each single item is. By default on versitygw. `--endpoint`, `--access-key` and
 * `--secret-key` name another server, `--filled` says that a run before has filled it.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { buildSync } from 'esbuild';
import pMap from 'p-map';
import { request } from 'undici';
import { ESM_BUNDLE } from '#lib/bundling/esm-bundle.ts';
import { itemId } from '#run/ids.ts';
import type { Process, SourceItem } from '#run/item.ts';
import { runKeys } from '#run/keys.ts';
import { countByShard } from '#run/ledger/shards.ts';
import type { PlanSummary } from '#run/plan/plan-summary.ts';
import { startS3Server } from '#test/helpers/s3-server.ts';

const RUN_ID = 'ledger-bench';
const BATCH_ITEMS = 50;
const PROFILE: Process = { processor: 'profile', options: {} };

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '10000' },
    mixed: { type: 'boolean', default: false },
    progress: { type: 'boolean', default: false },
    endpoint: { type: 'string' },
    'access-key': { type: 'string', default: 'bench' },
    'secret-key': { type: 'string', default: 'bench-secret' },
    /** Memory of the Lambda whose heap the counting process gets, in MB. */
    memory: { type: 'string', default: '512' },
    /** Fills and counts nothing. */
    'fill-only': { type: 'boolean', default: false },
    filled: { type: 'boolean', default: false },
    /** Fills by plain requests, for a server that asks for no signature: signing costs a millisecond each. */
    unsigned: { type: 'boolean', default: false },
  },
});
const items = Number(values.items);
const BUCKET = `ledger-bench-${items}`;

await using server = values.endpoint === undefined ? await startS3Server({ kind: 'versitygw' }) : undefined;
const endpoint = values.endpoint ?? server?.endpoint ?? '';
const { accessKeyId, secretAccessKey } = server?.credentials ?? {
  accessKeyId: values['access-key'],
  secretAccessKey: values['secret-key'],
};
if (!values.filled) await fill();
if (!values['fill-only']) {
  console.log(`load ${loadavg().map((load) => load.toFixed(1))}`);
  console.log(await countInItsOwnProcess());
}

async function fill(): Promise<void> {
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET })).catch((error: Error) => {
    // A fill that was broken off begins again.
    if (error.name !== 'BucketAlreadyOwnedByYou') throw error;
  });
  const put = async ({ key, body }: { key: string; body: string }): Promise<void> => {
    if (!values.unsigned) {
      await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }));
      return;
    }
    const answer = await request(`${endpoint}/${BUCKET}/${key}`, { method: 'PUT', body });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`PUT ${key} answers ${answer.statusCode}: ${text}`);
  };
  const began = performance.now();
  let count = 0;
  await pMap(
    objects(),
    async (object) => {
      await put(object);
      if (++count % 50_000 !== 0) return;
      process.stderr.write(`${count} records, ${Math.round((performance.now() - began) / 1_000)} s\n`);
    },
    { concurrency: 64 },
  );
}

/** Every object of the run: a batch of the plan, and the records of its items. */
function* objects(): Generator<{ key: string; body: string }> {
  const keys = runKeys(RUN_ID);
  for (let index = 0; index * BATCH_ITEMS < items; index++) {
    const first = index * BATCH_ITEMS;
    const numbers = Array.from({ length: Math.min(BATCH_ITEMS, items - first) }, (_, n) => first + n);
    yield { key: keys.batch(index), body: JSON.stringify(numbers.map(itemNumber)) };
    for (const { id } of numbers.map(itemNumber)) {
      for (const ledger of ['landed', 'results'] as const) yield { key: keys.record(ledger, id), body: '{"v":1}' };
    }
  }
}

function itemNumber(n: number): SourceItem {
  const key = `raw/${n}.csv`;
  const url = `https://example.org/${key}`;
  return { kind: 'source', id: itemId(url, key), url, key, process: n % 2 === 0 ? null : PROFILE };
}

/** The plan as Plan would have written it; it is no part of a look. */
function planSummary(): PlanSummary {
  const ids = (function* () {
    for (let n = 0; n < items; n++) yield itemNumber(n).id;
  })();
  return {
    v: 1,
    runId: RUN_ID,
    executionArn: 'arn',
    startedAt: new Date().toISOString(),
    scheduledTime: new Date().toISOString(),
    items,
    batches: Math.ceil(items / BATCH_ITEMS),
    shards: countByShard(ids),
    work: 0,
    processed: values.mixed ? Math.floor(items / 2) : items,
    rerunOf: null,
    onLate: 'partial',
    waitFor: [],
    deadline: null,
    stopAt: null,
    force: false,
  };
}

/**
 * Lambda's Node starts with a tenth of the memory for new objects, of which there are two halves, and the rest for old ones. By
 * itself Node takes halves that suit this machine's memory, and a look is mostly new objects.
 */
function heapOfLambda(): string[] {
  const newSpace = Number(values.memory) / 10;
  const oldSpace = Number(values.memory) - newSpace;
  return [`--max-semi-space-size=${Math.floor(newSpace / 2)}`, `--max-old-space-size=${Math.floor(oldSpace)}`];
}

async function countInItsOwnProcess(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-ledger-'));
  try {
    const outfile = join(folder, 'count.mjs');
    const entry = fileURLToPath(new URL('ledger-count.ts', import.meta.url));
    buildSync({ ...ESM_BUNDLE, entryPoints: [entry], outfile, logLevel: 'error' });
    const plan = join(folder, 'plan.json');
    writeFileSync(plan, JSON.stringify(planSummary()));
    const what = values.progress ? 'progress' : 'count';
    const args = [what, plan, endpoint, BUCKET, accessKeyId, secretAccessKey];
    const { stdout } = await promisify(execFile)(process.execPath, [...heapOfLambda(), outfile, ...args]);
    return stdout.trim();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
