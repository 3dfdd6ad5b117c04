import { InvalidInputError } from '#run/errors.ts';
import { processorProblem, processorProblems } from '#run/input/deployed-processors.ts';
import { describeIssue, REPORTING } from '#run/input/describe-issue.ts';
import { executionInputSchema } from '#run/input/input.ts';
import { templateProblems } from '#run/input/template-problems.ts';
import { knownProcessors } from './known-processors.ts';

/** What a person types to start a run. Options override the same field of `base`. */
export interface InputOptions {
  readonly sources: readonly { readonly url: string; readonly key?: string }[];
  readonly sourcesFrom?: { readonly key: string };
  /** An execution input as JSON, as it would be typed in the console. */
  readonly base?: string;
  readonly process?: string;
  readonly onLate?: string;
}

/**
 * Makes an execution's input and checks it with Plan's own schema, so that a mistake is found before anything starts.
 *
 * @throws InvalidInputError, which names every problem with its path.
 */
export function executionInput(options: InputOptions): Record<string, unknown> {
  const { base, sourcesFrom, process, onLate } = options;
  const given = base === undefined ? {} : parseObject(base);
  const sources = [...(Array.isArray(given.sources) ? given.sources : []), ...options.sources];
  const input = {
    ...given,
    ...(sources.length > 0 && { sources }),
    ...(sourcesFrom && { sourcesFrom }),
    ...(process !== undefined && { process }),
    ...(onLate !== undefined && { onLate }),
  };
  const parsed = executionInputSchema.safeParse(input, REPORTING);
  const problems = parsed.success
    ? [...processorProblems(parsed.data, knownProcessors()), ...templateProblems(parsed.data)]
    : [
        ...parsed.error.issues.map((issue) => describeIssue(issue)),
        ...(parsed.error.issues.some(({ path }) => path[0] === 'process') ? [] : namedProblem(process)),
      ];
  if (problems.length > 0) throw new InvalidInputError(problems);
  // The input is sent as it was typed: Plan applies the defaults, and the console shows the original input.
  return input;
}

/**
 * Returns what is wrong with the processor of the command line. It is reported together with the problems of other
 * parts of the input.
 */
function namedProblem(process: string | undefined): string[] {
  const problem = process && processorProblem(process, knownProcessors());
  return problem ? [`process: ${problem}`] : [];
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InvalidInputError([`input: is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`]);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidInputError(['input: takes a JSON object']);
  }
  return value as Record<string, unknown>;
}
