import type { Queue } from '#run/dispatch.ts';
import { NotReadyError } from '#run/errors.ts';
import type { GateRecord, GateSample } from '#run/gate-record.ts';
import { type PlanSummary, readPlanSummary } from '#run/plan-summary.ts';
import { readProgress } from '#run/progress.ts';
import type { Store } from '#run/store.ts';
import { ensureWorkers, type Fleet } from '#run/workers.ts';
import { drainDeadLetters } from './dead-letters.ts';
import { dispatchOutstanding } from './dispatch-outstanding.ts';
import { keepGateRecord, nextGateRecord, readGateRecord } from './gate-samples.ts';
import { type LedgerCount, lookAtLedger } from './ledger-count.ts';
import { queueCounts } from './queue-counts.ts';

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
  readonly reason: 'deadline' | null;
  readonly done: number;
  readonly failed: number;
  readonly missing: number;
}

/**
 * Looks at a run once. Everything settled, or its deadline passed: it returns. Work missing: it replaces workers that
 * died, sends once more what no message speaks of any more, and throws.
 *
 * @throws NotReadyError whose message is the progress, while work is missing.
 */
export async function lookAtGate(gate: Gate, runId: string): Promise<Passed> {
  const plan = await readPlanSummary(gate.store, runId);
  const before = await readGateRecord(gate.store, runId);
  await drainDeadLetters(gate.store, gate.deadLetters);
  const queue = await queueCounts(gate.queue);
  const isLate = plan.deadline !== null && gate.now() >= new Date(plan.deadline);
  const ledger = await lookAtLedger(gate.store, plan, before, isLate ? undefined : queue);
  const { done, failed, missing } = ledger;
  const sample = { at: gate.now().toISOString(), done, failed, missing, ...queue, workers: 0 };
  if (missing === 0 || isLate) {
    await keepGateRecord(gate.store, nextGateRecord(before, sample, ledger.finished, []));
    return { forced: missing > 0, reason: missing > 0 ? 'deadline' : null, done, failed, missing };
  }

  // The second makes each look its own request: a retried one must be able to start what the first could not.
  const request = `${runId} gate ${Math.floor(gate.now().getTime() / 1_000)}`;
  const { workers, problems } = await ensureWorkers(gate.fleet, missing, request);
  const record = nextGateRecord(before, { ...sample, workers }, ledger.finished, problems);
  await keepGateRecord(gate.store, isStuck(record, gate.now()) ? await sendAgain(gate, plan, record) : record);
  throw new NotReadyError(describe(plan, ledger, { ...sample, workers }, problems));
}

function describe(plan: PlanSummary, ledger: LedgerCount, sample: GateSample, problems: readonly string[]): string {
  const { done, failed, missing, queued, inFlight, workers } = sample;
  const outside = `${queued} queued, ${inFlight} in flight, ${workers} ${workers === 1 ? 'worker' : 'workers'}`;
  const about = ledger.exact ? '' : 'about ';
  const progress = `${about}${done} of ${plan.items} done, ${failed} failed, ${missing} to go (${outside})`;
  return [progress, ...problems].join('; ');
}

/**
 * So many looks in a row, over so long, that find the queue empty say that what is missing is in no message any more.
 * SQS's counts are approximate and settle a minute or more after the last send.
 */
const EMPTY_LOOKS = 3;
const EMPTY_MS = 180_000;

function isStuck({ empty }: GateRecord, now: Date): boolean {
  return empty !== null && empty.looks >= EMPTY_LOOKS && now.getTime() - Date.parse(empty.since) >= EMPTY_MS;
}

async function sendAgain(gate: Gate, plan: PlanSummary, record: GateRecord): Promise<GateRecord> {
  await dispatchOutstanding(gate.store, gate.queue, plan, await readProgress(gate.store, plan));
  return { ...record, empty: null, redispatches: record.redispatches + 1 };
}
