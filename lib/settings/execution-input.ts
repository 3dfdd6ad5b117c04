import { z } from 'zod';
import { explainIssue, REPORTING } from '#run/input/describe-issue.ts';
import { executionInputSchema } from '#run/input/input.ts';
import { templateProblems } from '#run/input/template-problems.ts';

/** An execution's input, as JSON. Kept as it was typed: Plan applies the defaults. */
export const executionInput = z.record(z.string(), z.json()).superRefine((input, context) => {
  const parsed = executionInputSchema.safeParse(input, REPORTING);
  for (const issue of parsed.error?.issues ?? []) {
    context.addIssue({
      code: 'custom',
      path: issue.path,
      message: explainIssue(issue),
    });
  }
  for (const problem of parsed.success ? templateProblems(parsed.data) : []) context.addIssue(problem);
});
