import * as z from 'zod';
import { CheckFailedError, type Finding } from './check.ts';

/** What a page or a function of somebody else's says of its work. */
const reportSchema = z
  .object({ done: z.number().nonnegative(), total: z.number().nonnegative() })
  .refine(({ done, total }) => done <= total, 'done is more than total');

/**
 * A report as a finding: ready when all is done, and there is something to do at all.
 *
 * @throws CheckFailedError where it isn't `{ "done": n, "total": m }`: nonsense must not open a gate.
 */
export function findingOf(report: unknown, who: string): Finding {
  const parsed = reportSchema.safeParse(report);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => [...issue.path, issue.message].join(': ')).join('; ');
    throw new CheckFailedError(
      `${who} takes part in the gate by { "done": n, "total": m }, and answered otherwise: ${problems}`,
    );
  }
  const { done, total } = parsed.data;
  return { ready: done === total && total > 0, progress: `${done} of ${total} at ${who}` };
}
