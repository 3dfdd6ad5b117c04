import type { SourceGuard } from '#net/guard/source-guard.ts';
import { NotReadyError } from '#run/errors.ts';
import type { Queue } from '#run/fleet/dispatch.ts';
import type { Fleet } from '#run/fleet/fleet.ts';
import { stopSilentWorkers } from '#run/fleet/silent-workers.ts';
import { ensureWorkers } from '#run/fleet/workers.ts';
import { runKeys } from '#run/keys.ts';
import { type GateRecord, readGateRecord } from '#run/ledger/gate-record.ts';
import { readProgress } from '#run/ledger/progress.ts';
import { type PlanSummary, readPlanSummary } from '#run/plan/plan-summary.ts';
import { distinctNotes, type Note, noteLine, noteOf } from '#run/problem/note.ts';
import { type Store, writeJson } from '#run/store.ts';
import type { CallFunction, Finding } from './checks/check.ts';
import { checkFor } from './checks/index.ts';
import { drainDeadLetters } from './dead-letters.ts';
import { dispatchOutstanding } from './dispatch-outstanding.ts';
import { nextGateRecord, withWorkers } from './gate-samples.ts';
import { lookAtLedger } from './ledger-count.ts';
import { queueCounts } from './queue-counts.ts';
import { type Resend, resendOf } from './stuck.ts';

/** The clients and settings that the gate needs. */
export interface Gate {
  readonly store: Store;
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly fleet: Fleet;
  readonly call: CallFunction;
  /** The hosts that pages of `http` checks may be on. */
  readonly guard: SourceGuard;
  readonly now: () => Date;
}

/** The gate is open. `reason` says why it was forced, or is null if everything that it waited for is ready. */
export interface Passed {
  readonly forced: boolean;
  readonly reason: 'deadline' | 'limit' | null;
  readonly done: number;
  readonly failed: number;
  readonly missing: number;
}

/**
 * Looks at a run once. If everything that the run waits for is ready, or its deadline has passed, it returns. Otherwise
 * it replaces workers that died, sends lost messages again, and throws.
 *
 * @throws NotReadyError while something is missing, with the progress as its message; CheckFailedError if a check can't
 * be made; the errors that AWS answers. The state machine waits only after a NotReadyError; for each other error it
 * retries a few times.
 */
export async function lookAtGate(gate: Gate, runId: string): Promise<Passed> {
  const plan = await readPlanSummary(gate.store, runId);
  const before = await readGateRecord(gate.store, runId);
  const end = [plan.deadline, plan.stopAt].filter((at) => at !== null).sort()[0];
  const isLate = end !== undefined && gate.now() >= new Date(end);
  const why = end === plan.deadline ? 'deadline' : 'limit';

  await drainDeadLetters(gate.store, gate.deadLetters);
  const [queue, deadLetters] = await Promise.all([queueCounts(gate.queue), queueCounts(gate.deadLetters)]);
  const { finished, ...counts } = await lookAtLedger(gate.store, plan, before, isLate ? undefined : queue);
  const record = nextGateRecord(
    before,
    {
      at: gate.now().toISOString(),
      ...counts,
      ...queue,
      deadLetters: deadLetters.queued + deadLetters.inFlight,
      workers: 0,
    },
    finished,
  );
  const { done, failed, missing } = counts;
  // A check that can't be made must not keep the gate closed beyond the deadline.
  const findings = isLate ? [] : await Promise.all(plan.waitFor.map((wait) => checkFor(wait, gate)({ plan, record })));
  if (isLate || findings.every((finding) => finding.ready)) {
    await writeJson(gate.store, runKeys(runId).gate, record);
    return { forced: isLate && missing > 0, reason: isLate && missing > 0 ? why : null, done, failed, missing };
  }
  throw new NotReadyError(await oversee(gate, plan, record, findings));
}

/** Keeps the work going while the gate is closed. @returns the progress, for a person. */
async function oversee(
  gate: Gate,
  plan: PlanSummary,
  record: GateRecord,
  findings: readonly Finding[],
): Promise<string> {
  const sample = record.samples.at(-1);
  // After Ingest, all missing items belong to the workers, also sources for which a Lambda had too little time.
  const outstanding = sample?.missing ?? 0;
  // The token contains the time, so each look makes a different request: a retried look must be able to start workers
  // that the first one could not start.
  const request = `${plan.runId} gate ${Math.floor(gate.now().getTime() / 1_000)}`;
  const silent = await stopSilentWorkers(gate.fleet, gate.store, gate.now());
  const { workers, problems } = await ensureWorkers(gate.fleet, outstanding, request, new Date(plan.startedAt));
  const notes = distinctNotes([...silent, ...problems].map((problem) => noteOf(problem, plan.runId)));
  const next = withWorkers(record, workers, notes);
  const resend = resendOf(next, gate.now());
  const kept = resend === undefined ? next : await sendAgain(gate, plan, next, resend);
  // Only one gatekeeper looks at a run at a time, so no other process writes this object.
  await writeJson(gate.store, runKeys(plan.runId).gate, kept);
  return describe(findings, next, workers, notes);
}

function describe(findings: readonly Finding[], record: GateRecord, workers: number, notes: readonly Note[]): string {
  const { queued = 0, inFlight = 0 } = record.samples.at(-1) ?? {};
  const outside = `(${queued} queued, ${inFlight} in flight, ${workers} ${workers === 1 ? 'worker' : 'workers'})`;
  return [`${findings.map(({ progress }) => progress).join('; ')} ${outside}`, ...notes.map(noteLine)].join('; ');
}

async function sendAgain(gate: Gate, plan: PlanSummary, record: GateRecord, which: Resend): Promise<GateRecord> {
  await dispatchOutstanding(gate.store, gate.queue, plan, await readProgress(gate.store, plan), which);
  return { ...record, empty: null, still: null, redispatches: record.redispatches + 1 };
}
