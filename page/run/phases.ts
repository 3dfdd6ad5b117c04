import type { Phase } from '../charts/timeline.ts';
import type { RunView } from '../view.ts';

/** The phases of a run according to its records: planning, landing, work, the gate. */
export function phasesOf({ plan, totals, gate, endMs, outcome }: RunView): Phase[] {
  const start = Date.parse(plan.startedAt);
  const from = (name: string, begin: number, end: number): Phase[] =>
    end > begin ? [{ name, from: Math.max(0, begin - start), to: Math.max(0, end - start) }] : [];
  const { transferred, worked } = totals;
  const [first] = gate.samples;
  const last = gate.samples.at(-1);
  const planned = plan.plannedAt === null ? undefined : Date.parse(plan.plannedAt);
  return [
    ...(planned === undefined ? [] : from('Planning', start, planned)),
    ...(transferred === null ? [] : from('Landing', transferred.from, transferred.to)),
    ...(worked === null ? [] : from('Work', worked.from, worked.to)),
    // The gate opens when the run is closed; before, the gatekeeper looks repeatedly.
    ...(first === undefined || last === undefined
      ? []
      : from('Gate', Date.parse(first.at), outcome === 'running' ? Date.parse(last.at) : endMs)),
  ];
}
