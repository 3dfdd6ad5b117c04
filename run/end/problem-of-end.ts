import type { Closing } from '../ledger/records.ts';
import type { Code } from '../problem/catalogue.ts';
import { type Problem, problemOf } from '../problem/problem.ts';
import { reasonOf } from './closing.ts';
import type { Manifest } from './manifest.ts';

/** Why the gate was passed with items missing, as the gatekeeper says it. */
const GATE_CODES: Readonly<Record<string, Code>> = {
  late: 'gate-late',
  deadline: 'gate-deadline',
  limit: 'gate-limit',
  input: 'gate-forced',
};

/** What kept a run as a whole from its order: its execution broke, its gate was forced, or nothing of it was done. Null otherwise. */
export function problemOfEnd(
  closing: Closing,
  { runId, outcome, counts }: Pick<Manifest, 'runId' | 'outcome' | 'counts'>,
): Problem | null {
  if (closing.problem !== undefined) return closing.problem;
  const reason = reasonOf(closing) ?? '';
  if (closing.forced && counts.missing > 0) {
    const message = `the gate of run ${runId} was passed with ${counts.missing} of ${counts.items} items missing`;
    return problemOf({ code: GATE_CODES[reason] ?? 'run-broke', name: 'NotReadyError', message }, { run: runId });
  }
  if (outcome !== 'failed') return null;
  const message = `${counts.failed} of ${counts.items} items of run ${runId} failed, and none is done`;
  return problemOf({ code: 'all-failed', name: 'Failed', message }, { run: runId });
}
