/**
 * Counts a generated ledger once, as the gatekeeper does, and prints one line of JSON. `bench/ledger.ts` bundles it as the
 * Lambdas are bundled and runs it in a process of its own, so that memory is this code's and nothing else's.
 */

import { createHash } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { lookAtLedger } from '#lambdas/gatekeeper/ledger-count.ts';
import { newGateRecord } from '#run/gate-record.ts';
import { peakMemoryMiB } from '#run/peak-memory.ts';
import type { PlanSummary } from '#run/plan-summary.ts';
import { countByShard } from '#run/shards.ts';

const [runId = '', items = '0', endpoint = '', bucket = '', accessKeyId = '', secretAccessKey = ''] =
  process.argv.slice(2);
const client = new S3Client({
  endpoint,
  region: 'us-east-1',
  forcePathStyle: true,
  credentials: { accessKeyId, secretAccessKey },
});
let lists = 0;
client.middlewareStack.add(
  (next) => (args) => {
    lists++;
    return next(args);
  },
  { step: 'finalizeRequest' },
);

// The shards' sizes stand in the plan; making them here is no part of the look.
const plan: PlanSummary = {
  v: 1,
  runId,
  executionArn: 'arn',
  startedAt: new Date().toISOString(),
  scheduledTime: new Date().toISOString(),
  items: Number(items),
  batches: 0,
  shards: countByShard(ids(Number(items))),
  work: 0,
  processed: Number(items),
  rerunOf: null,
  onLate: 'partial',
  waitFor: [],
  deadline: null,
  stopAt: null,
  force: false,
};
const idleMiB = peakMiB();
const cpu = process.cpuUsage();
const began = performance.now();
const { done, failed, missing, finished } = await lookAtLedger(
  { client, bucket },
  plan,
  newGateRecord(runId),
  undefined,
);
const seconds = (performance.now() - began) / 1_000;
const { user, system } = process.cpuUsage(cpu);
const firstLists = lists;
// Shards in which every item is done aren't listed again.
await lookAtLedger({ client, bucket }, plan, { ...newGateRecord(runId), finished }, undefined);
console.log(
  JSON.stringify({
    ...{ items: plan.items, done, failed, missing, lists: firstLists, listsOfNextLook: lists - firstLists },
    ...{ seconds, cpuSeconds: (user + system) / 1e6, idleMiB, peakMiB: peakMiB() },
  }),
);

function* ids(count: number): Generator<string> {
  for (let n = 0; n < count; n++) yield createHash('md5').update(String(n)).digest('hex');
}

function peakMiB(): number {
  return peakMemoryMiB();
}
