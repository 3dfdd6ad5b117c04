import { randomBytes } from 'node:crypto';

/** Returns the run id for a run id or an execution's ARN. */
export function runIdOf(run: string): string {
  return run.startsWith('arn:') ? (run.split(':').at(-1) ?? run) : run;
}

/** Returns a new run id: readable, and sorted by time. Two ids of the same second differ in their last four digits. */
export function newRunId(prefix: string, now = new Date()): string {
  const time = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  return `${prefix}-${time}-${randomBytes(2).toString('hex')}`;
}
