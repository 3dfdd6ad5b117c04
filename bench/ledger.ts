/**
 * `node bench/ledger.ts --items 10000`: time and memory of the gate's exact count over a generated ledger on a real S3 server:
 * N results, and N landed records unless `--ledgers results` leaves them out. `docs/waiting.md` has what came out.
 *
 * By default on versitygw. `--endpoint`, `--access-key` and `--secret-key` name another server, `--filled` says that a run
 * before has filled it.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { buildSync } from 'esbuild';
import pMap from 'p-map';
import { request } from 'undici';
import { ESM_BUNDLE } from '#lib/esm-bundle.ts';
import { type LedgerName, runKeys } from '#run/keys.ts';
import { startS3Server } from '#test/helpers/s3-server.ts';

const RUN_ID = 'ledger-bench';

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '10000' },
    ledgers: { type: 'string', default: 'landed,results' },
    endpoint: { type: 'string' },
    'access-key': { type: 'string', default: 'bench' },
    'secret-key': { type: 'string', default: 'bench-secret' },
    /** Heap of the counting process in MiB; what it takes besides shows in the peak. Node gives itself half of a Lambda's. */
    heap: { type: 'string', default: '128' },
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
console.log(`load ${loadavg().map((load) => load.toFixed(1))}`);
console.log(await countInItsOwnProcess());

async function fill(): Promise<void> {
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET })).catch((error: Error) => {
    // A fill that was broken off begins again.
    if (error.name !== 'BucketAlreadyOwnedByYou') throw error;
  });
  const put = async (key: string): Promise<void> => {
    const body = '{"v":1}';
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
    keys(),
    async (key) => {
      await put(key);
      if (++count % 50_000 !== 0) return;
      process.stderr.write(`${count} records, ${Math.round((performance.now() - began) / 1_000)} s\n`);
    },
    { concurrency: 64 },
  );
}

function* keys(): Generator<string> {
  for (let n = 0; n < items; n++) {
    const id = createHash('md5').update(String(n)).digest('hex');
    for (const ledger of values.ledgers.split(',') as LedgerName[]) yield runKeys(RUN_ID).record(ledger, id);
  }
}

async function countInItsOwnProcess(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-ledger-'));
  try {
    const outfile = join(folder, 'count.mjs');
    const entry = fileURLToPath(new URL('ledger-count.ts', import.meta.url));
    buildSync({ ...ESM_BUNDLE, entryPoints: [entry], outfile, logLevel: 'error' });
    const args = [RUN_ID, values.items, endpoint, BUCKET, accessKeyId, secretAccessKey];
    const heap = `--max-old-space-size=${values.heap}`;
    const { stdout } = await promisify(execFile)(process.execPath, [heap, outfile, ...args]);
    return stdout.trim();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
