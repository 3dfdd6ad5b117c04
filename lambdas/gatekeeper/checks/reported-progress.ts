import * as z from 'zod';
import { CheckFailedError, type Finding } from './check.ts';

/** The progress that another person's page or function reports. */
const reportSchema = z
  .object({ done: z.number().nonnegative(), total: z.number().nonnegative() })
  .refine(({ done, total }) => done <= total, 'done is more than total');

/**
 * Makes a finding from a report: ready when all is done, and the total is not zero.
 *
 * @throws CheckFailedError if the report isn't `{ "done": n, "total": m }`: an invalid answer must not open a gate.
 */
export function findingOf(report: unknown, who: string): Finding {
  const parsed = reportSchema.safeParse(report);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => [...issue.path, issue.message].join(': ')).join('; ');
    throw new CheckFailedError(
      `${who} must answer { "done": n, "total": m } to a check of the gate, but answered otherwise: ${problems}`,
    );
  }
  const { done, total } = parsed.data;
  return { ready: done === total && total > 0, progress: `${done} of ${total} at ${who}` };
}
