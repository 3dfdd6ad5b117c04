/**
 * Does one step of a generated run and prints one line of JSON. `bench/ledger.ts` bundles it like the Lambdas and runs
 * it in its own process, so that only this code's memory is measured.
 */
import { readFileSync } from 'node:fs';
import { S3Client } from '@aws-sdk/client-s3';
import { lookAtLedger } from '#lambdas/gatekeeper/ledger-count.ts';
import { reconcile } from '#lambdas/reconcile/reconcile.ts';
import { pageWriter } from '#page/write-pages.ts';
import { closeRun, readClosing } from '#run/end/closing.ts';
import { finishRun } from '#run/end/finish.ts';
import { writePiece } from '#run/end/pieces.ts';
import { runKeys } from '#run/keys.ts';
import { peakMemoryMiB } from '#run/landing/peak-memory.ts';
import { newGateRecord } from '#run/ledger/gate-record.ts';
import { planSummarySchema } from '#run/plan/plan-summary.ts';
import { writeJson } from '#run/store.ts';

const [step = '', planFile = '', endpoint = '', bucket = '', accessKeyId = '', secretAccessKey = '', ...numbers] =
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

const steps: Record<string, () => Promise<object>> = {
  async gate() {
    const { done, failed, missing } = await lookAtLedger(store, plan, newGateRecord(plan.runId), undefined);
    return { done, failed, missing };
  },
  reconcile: async () => ({ recorded: await reconcile(store, plan) }),
  close: async () => ({ at: (await closeRun(store, plan.runId, { forced: false, reason: null })).at }),
  async piece() {
    const [piece = 0, of = 1] = numbers.map(Number);
    const closing = await readClosing(store, plan.runId);
    if (closing === undefined) throw new Error('the run is not closed');
    const { counts, lineBytes } = await writePiece(store, plan, closing, { piece, of });
    return { counts, lineBytes };
  },
  /**
   * Writes the tallies of pieces that are not measured: copies of the last measured one, with the name of its lines.
   */
  async copies() {
    const [measured = 0, of = 1] = numbers.map(Number);
    const closing = await readClosing(store, plan.runId);
    if (closing === undefined) throw new Error('the run is not closed');
    const tally = await writePiece(store, plan, closing, { piece: measured - 1, of });
    const keys = runKeys(plan.runId);
    for (let piece = measured; piece < of; piece++) await writeJson(store, keys.pieceTally(closing.at, piece), tally);
    return {};
  },
  async finish() {
    const manifest = await finishRun(store, plan, {
      of: Number(numbers[0]),
      writePages: pageWriter(store, { warn: () => {} }),
    });
    return { outcome: manifest?.outcome, ...manifest?.counts };
  },
};

const cpu = process.cpuUsage();
const began = performance.now();
const found = await steps[step]?.();
const seconds = (performance.now() - began) / 1_000;
const { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify({ found, requests, seconds, cpuSeconds: (user + system) / 1e6, peakMiB: peakMemoryMiB() }));
