import type { Closing } from '../ledger/records.ts';
import type { Code } from '../problem/catalogue.ts';
import { type Problem, problemOf } from '../problem/problem.ts';
import { reasonOf } from './closing.ts';
import type { Manifest } from './manifest.ts';

/** The codes for the gatekeeper's reasons to open the gate with items missing. */
const GATE_CODES: Readonly<Record<string, Code>> = {
  late: 'gate-late',
  deadline: 'gate-deadline',
  limit: 'gate-limit',
  input: 'gate-forced',
};

/**
 * Returns why a run as a whole did not succeed: its execution broke, its gate was forced, or none of its items is done.
 * Returns null otherwise.
 */
export function problemOfEnd(
  closing: Closing,
  { runId, outcome, counts }: Pick<Manifest, 'runId' | 'outcome' | 'counts'>,
): Problem | null {
  if (closing.problem !== undefined) return closing.problem;
  const reason = reasonOf(closing) ?? '';
  if (closing.forced && counts.missing > 0) {
    const message = `the gate of run ${runId} opened with ${counts.missing} of ${counts.items} items missing`;
    return problemOf({ code: GATE_CODES[reason] ?? 'run-broke', name: 'NotReadyError', message }, { run: runId });
  }
  if (outcome !== 'failed') return null;
  const message = `${counts.failed} of ${counts.items} items of run ${runId} failed, and no item is done`;
  return problemOf({ code: 'all-failed', name: 'Failed', message }, { run: runId });
}
