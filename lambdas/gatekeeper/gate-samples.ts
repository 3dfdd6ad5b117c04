import type { FleetState } from '#run/fleet/workers.ts';
import { runKeys } from '#run/keys.ts';
import { type GateRecord, type GateSample, gateRecordSchema, newGateRecord } from '#run/ledger/gate-record.ts';
import { readJson, type Store, writeJson } from '#run/store.ts';

/** How many samples `gate.json` keeps: 10 hours at 30 s, and still a small object. */
const KEPT_SAMPLES = 1_200;

/** What earlier looks have left. */
export async function readGateRecord(store: Store, runId: string): Promise<GateRecord> {
  return (await readJson(store, runKeys(runId).gate, gateRecordSchema)) ?? newGateRecord(runId);
}

/** The record with one more look in it. */
export function nextGateRecord(before: GateRecord, sample: GateSample, finished: GateRecord['finished']): GateRecord {
  // Not the dead letters: one that is nobody's stays, and says nothing of what is on its way.
  const isEmpty = sample.queued + sample.inFlight === 0;
  return {
    ...before,
    looks: before.looks + 1,
    samples: [...before.samples, sample].slice(-KEPT_SAMPLES),
    finished,
    empty: isEmpty ? { looks: (before.empty?.looks ?? 0) + 1, since: before.empty?.since ?? sample.at } : null,
    still: sample.exact ? nextStill(before.still, sample) : before.still,
  };
}

/** Whether the run has come further since the last exact look. */
function nextStill(before: GateRecord['still'], { done, failed, at }: GateSample): GateRecord['still'] {
  const settled = done + failed;
  if (before === null || before.settled !== settled) return { settled, looks: 1, since: at };
  return { ...before, looks: before.looks + 1 };
}

/** Sentences with an id in them are new each time; a person needs no more than these. */
const KEPT_PROBLEMS = 50;

/** The last look with what it then did about the workers. Problems are kept once each. */
export function withWorkers(record: GateRecord, { workers, problems }: FleetState): GateRecord {
  return {
    ...record,
    samples: record.samples.map((sample, index) =>
      index === record.samples.length - 1 ? { ...sample, workers } : sample,
    ),
    problems: [...new Set([...record.problems, ...problems])].slice(0, KEPT_PROBLEMS),
  };
}

/** One gatekeeper looks at a run at a time, so nobody else writes this. */
export function keepGateRecord(store: Store, record: GateRecord): Promise<void> {
  return writeJson(store, runKeys(record.runId).gate, record);
}
