import * as z from 'zod';
import { describeIssue, REPORTING } from './input/describe-issue.ts';
import { parseJson } from './input/json-text.ts';

/** A function's or a worker's environment lacks a variable, or a variable has a value that it doesn't take. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

/**
 * Reads the variables of a function or of a worker. Once, at its start.
 *
 * @throws EnvironmentError naming every variable that is wrong, what it takes and what it holds.
 */
export function readEnvironment<S extends z.ZodRawShape>(
  shape: S,
  variables: NodeJS.ProcessEnv = process.env,
): z.infer<z.ZodObject<S>> {
  const parsed = z.object(shape).safeParse(variables, REPORTING);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `- ${describeIssue(issue)}`);
  throw new EnvironmentError(`the environment is wrong:\n${problems.join('\n')}`);
}

/** A value that a variable holds as JSON. */
export function jsonVariable<S extends z.ZodType>(schema: S) {
  return z
    .string()
    .transform((text, context): unknown => {
      const value = parseJson(text);
      if (value !== undefined) return value;
      context.addIssue('takes JSON');
      return z.NEVER;
    })
    .pipe(schema);
}
