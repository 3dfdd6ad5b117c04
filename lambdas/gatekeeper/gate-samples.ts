import type { GateRecord, GateSample } from '#run/ledger/gate-record.ts';
import { distinctNotes, type Note } from '#run/problem/note.ts';

/** How many samples `gate.json` keeps: 10 hours at one in 30 s, and still a small object. */
const KEPT_SAMPLES = 1_200;

/** Returns the record with one more look in it. */
export function nextGateRecord(before: GateRecord, sample: GateSample, finished: GateRecord['finished']): GateRecord {
  // Dead letters don't count here: a letter that belongs to no item stays, and says nothing about messages under way.
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

/** Returns whether the number of settled items has grown since the last exact look. */
function nextStill(before: GateRecord['still'], { done, failed, at }: GateSample): GateRecord['still'] {
  const settled = done + failed;
  if (before === null || before.settled !== settled) return { settled, looks: 1, since: at };
  return { ...before, looks: before.looks + 1 };
}

/** A problem whose text contains an id is new each time, so the number of problems is limited. */
const KEPT_PROBLEMS = 50;

/** Adds to the last look what the gatekeeper then did about the workers. Each problem is kept once. */
export function withWorkers(record: GateRecord, workers: number, problems: readonly Note[]): GateRecord {
  return {
    ...record,
    samples: record.samples.map((sample, index) =>
      index === record.samples.length - 1 ? { ...sample, workers } : sample,
    ),
    problems: distinctNotes([...record.problems, ...problems]).slice(0, KEPT_PROBLEMS),
  };
}
