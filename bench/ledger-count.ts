/**
 * Looks at a generated ledger once, as the gatekeeper does or as DoneState does, and prints one line of JSON. `bench/ledger.ts`
 * bundles it as the Lambdas are bundled and runs it in a process of its own, so that memory is this code's and nothing else's.
 */
import { readFileSync } from 'node:fs';
import { S3Client } from '@aws-sdk/client-s3';
import { lookAtLedger } from '#lambdas/gatekeeper/ledger-count.ts';
import { peakMemoryMiB } from '#run/landing/peak-memory.ts';
import { newGateRecord } from '#run/ledger/gate-record.ts';
import { readProgress } from '#run/ledger/progress.ts';
import { planSummarySchema } from '#run/plan/plan-summary.ts';

const [what = '', planFile = '', endpoint = '', bucket = '', accessKeyId = '', secretAccessKey = ''] =
  process.argv.slice(2);
const plan = planSummarySchema.parse(JSON.parse(readFileSync(planFile, 'utf8')));
const client = new S3Client({
  endpoint,
  region: 'us-east-1',
  forcePathStyle: true,
  credentials: { accessKeyId, secretAccessKey },
});
const store = { client, bucket };
let requests = 0;
client.middlewareStack.add(
  (next) => (args) => {
    requests++;
    return next(args);
  },
  { step: 'finalizeRequest' },
);

const idleMiB = peakMemoryMiB();
const cpu = process.cpuUsage();
const began = performance.now();
const found = what === 'progress' ? await progress() : await look();
const seconds = (performance.now() - began) / 1_000;
const { user, system } = process.cpuUsage(cpu);
console.log(
  JSON.stringify({
    ...{ items: plan.items, ...found, requests },
    ...{ seconds, cpuSeconds: (user + system) / 1e6, idleMiB, peakMiB: peakMemoryMiB() },
  }),
);

async function look() {
  const { done, failed, missing, finished } = await lookAtLedger(store, plan, newGateRecord(plan.runId), undefined);
  const before = requests;
  // Shards in which every item is done aren't listed again.
  await lookAtLedger(store, plan, { ...newGateRecord(plan.runId), finished }, undefined);
  const requestsOfNextLook = requests - before;
  requests = before;
  return { done, failed, missing, requestsOfNextLook };
}

async function progress() {
  const { done, failed, missing } = await readProgress(store, plan);
  return { done: done.size, failed: failed.size, missing };
}
