import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { Queue } from '#run/dispatch.ts';
import { NotReadyError } from '#run/errors.ts';
import { type GateRecord, type GateSample, gateRecordSchema, newGateRecord } from '#run/gate-record.ts';
import { runKeys } from '#run/keys.ts';
import { type PlanSummary, readPlanSummary } from '#run/plan-summary.ts';
import { type Progress, readProgress } from '#run/progress.ts';
import { readJson, type Store, writeJson } from '#run/store.ts';
import { ensureWorkers, type Fleet } from '#run/workers.ts';
import { drainDeadLetters } from './dead-letters.ts';
import { dispatchOutstanding } from './dispatch-outstanding.ts';

/** What the gate needs of the world. */
export interface Gate {
  readonly store: Store;
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly fleet: Fleet;
  readonly now: () => Date;
}

/** The gate is open. `reason` says why it was forced, null where nothing is missing. */
export interface Passed {
  readonly forced: boolean;
  readonly reason: 'late' | 'deadline' | null;
  readonly done: number;
  readonly failed: number;
  readonly missing: number;
}

/** How many samples `gate.json` keeps: 10 hours at 30 s, and still a small object. */
const KEPT_SAMPLES = 1_200;
/**
 * So many looks in a row, over so long, that find the queue empty say that what is missing is in no message any more.
 * SQS's counts are approximate and settle a minute or more after the last send.
 */
const EMPTY_LOOKS = 3;
const EMPTY_MS = 180_000;

/**
 * Looks at a run once: everything settled, or its deadline passed → it returns. Work missing → it replaces workers
 * that died, and sends once more what has got lost, and then throws.
 *
 * @throws NotReadyError whose message is the progress, while work is missing.
 */
export async function lookAtGate(gate: Gate, runId: string): Promise<Passed> {
  const plan = await readPlanSummary(gate.store, runId);
  await drainDeadLetters(gate.store, gate.deadLetters);
  const progress = await readProgress(gate.store, plan);
  const counts = { done: progress.done.size, failed: progress.failed.size, missing: progress.missing };
  if (progress.missing === 0) {
    await keepSample(gate, plan, { ...counts, queued: 0, inFlight: 0, workers: 0 }, []);
    return { forced: false, reason: null, ...counts };
  }
  if (plan.deadline !== null && gate.now() >= new Date(plan.deadline))
    return { forced: true, reason: 'deadline', ...counts };

  const { queued, inFlight } = await queueCounts(gate.queue);
  const attempt = Math.floor(gate.now().getTime() / 1_000);
  const fleet = await ensureWorkers(gate.fleet, progress.missing, `${runId} gate ${attempt}`);
  const record = await keepSample(gate, plan, { ...counts, queued, inFlight, workers: fleet.workers }, fleet.problems);
  if (isStuck(record, gate.now())) await sendAgain(gate, plan, progress, record);
  throw new NotReadyError(describe(plan, { ...counts, queued, inFlight, workers: fleet.workers }, fleet.problems));
}

type Counts = Omit<GateSample, 'at'>;

function describe(plan: PlanSummary, counts: Counts, problems: readonly string[]): string {
  const { done, failed, missing, queued, inFlight, workers } = counts;
  const outside = `${queued} queued, ${inFlight} in flight, ${workers} ${workers === 1 ? 'worker' : 'workers'}`;
  const text = `${done} of ${plan.items} done, ${failed} failed, ${missing} to go (${outside})`;
  return problems.length === 0 ? text : `${text}; ${problems.join('; ')}`;
}

/** Messages waiting, delayed ones among them, and messages that workers hold. SQS's counts are approximate. */
async function queueCounts(queue: Queue): Promise<{ queued: number; inFlight: number }> {
  const { Attributes = {} } = await queue.client.send(
    new GetQueueAttributesCommand({
      QueueUrl: queue.url,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    }),
  );
  return {
    queued: Number(Attributes.ApproximateNumberOfMessages) + Number(Attributes.ApproximateNumberOfMessagesDelayed),
    inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible),
  };
}

async function keepSample(
  gate: Gate,
  plan: PlanSummary,
  counts: Counts,
  problems: readonly string[],
): Promise<GateRecord> {
  const key = runKeys(plan.runId).gate;
  const before = (await readJson(gate.store, key, gateRecordSchema)) ?? newGateRecord(plan.runId);
  const at = gate.now().toISOString();
  const isEmpty = counts.missing > 0 && counts.queued === 0 && counts.inFlight === 0;
  const record: GateRecord = {
    ...before,
    samples: [...before.samples, { at, ...counts }].slice(-KEPT_SAMPLES),
    problems: [...new Set([...before.problems, ...problems])],
    empty: isEmpty ? { looks: (before.empty?.looks ?? 0) + 1, since: before.empty?.since ?? at } : null,
  };
  await writeJson(gate.store, key, record);
  return record;
}

function isStuck({ empty }: GateRecord, now: Date): boolean {
  return empty !== null && empty.looks >= EMPTY_LOOKS && now.getTime() - Date.parse(empty.since) >= EMPTY_MS;
}

async function sendAgain(gate: Gate, plan: PlanSummary, progress: Progress, record: GateRecord): Promise<void> {
  await dispatchOutstanding(gate.store, gate.queue, plan, progress);
  const next: GateRecord = { ...record, empty: null, redispatches: record.redispatches + 1 };
  await writeJson(gate.store, runKeys(plan.runId).gate, next);
}
