import * as z from '#net/zod.ts';
import { describeIssue, REPORTING } from './input/describe-issue.ts';
import { parseJson } from './input/json-text.ts';

/** The environment of a function or a worker lacks a variable, or a variable has an invalid value. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

/**
 * Reads the variables of a function or a worker. It is called once, at the start.
 *
 * @throws EnvironmentError, which names every invalid variable with the values that it accepts and the value that it
 * has.
 */
export function readEnvironment<S extends z.core.$ZodShape>(
  shape: S,
  variables: NodeJS.ProcessEnv = process.env,
): z.infer<z.ZodMiniObject<S>> {
  const parsed = z.object(shape).safeParse(variables, REPORTING);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `- ${describeIssue(issue)}`);
  throw new EnvironmentError(`the environment is wrong:\n${problems.join('\n')}`);
}

/** A variable that contains JSON. */
export function jsonVariable<T>(schema: z.core.$ZodType<T>) {
  return z.pipe(z.pipe(z.string(), z.transform(valueOfJson)), schema);
}

function valueOfJson(text: string, context: z.core.ParsePayload): unknown {
  const value = parseJson(text);
  if (value !== undefined) return value;
  context.issues.push({ code: 'custom', message: 'takes JSON', input: text });
  return z.NEVER;
}
