import { InvalidInputError } from '#run/errors.ts';
import { RUN_ID_PATTERN } from '#run/ids.ts';
import { processorProblems } from '#run/input/deployed-processors.ts';
import { describeIssue, REPORTING } from '#run/input/describe-issue.ts';
import { type ExecutionInput, executionInputSchema } from '#run/input/input.ts';
import { isTooDeep, MOST_LEVELS } from '#run/input/nesting.ts';
import { quoted } from '#run/input/quoted.ts';
import type { WaitFor } from '#run/input/wait-for.ts';

export interface InputRules {
  readonly runId: string;
  /** What the settings name for an input that names nothing itself, as JSON. */
  readonly defaultInput: string | undefined;
  /** The settings' checks, for an input that names none. */
  readonly waitFor: readonly WaitFor[];
  /** How long the gate waits at most: its interval times its attempts. */
  readonly maxWaitMinutes: number;
  /** ARNs of the functions that `waitFor` may name. */
  readonly gateFunctions: readonly string[];
  /** The processors that the deployment's workers have. */
  readonly processors: readonly string[];
}

/**
 * An execution's input with its defaults, checked as far as that goes without looking at a list.
 *
 * An input with neither `sources`, `sourcesFrom` nor `work` gets those of the settings' default input, and its other
 * fields win over the default's: so a schedule or `{}` runs what the settings name.
 *
 * @throws InvalidInputError with every problem.
 */
export function readInput(typed: unknown, rules: InputRules): ExecutionInput {
  const problems: string[] = [];
  if (!RUN_ID_PATTERN.test(rules.runId)) {
    problems.push(`execution name: takes 1 to 80 letters, digits, dashes and underscores, got ${quoted(rules.runId)}`);
  }
  if (isTooDeep(typed)) {
    throw new InvalidInputError([...problems, `input: is nested deeper than ${MOST_LEVELS} levels`]);
  }
  const parsed = executionInputSchema.safeParse(withDefaults(typed, rules), REPORTING);
  if (!parsed.success)
    throw new InvalidInputError([...problems, ...parsed.error.issues.map((issue) => describeIssue(issue))]);
  const { deadlineMinutes } = parsed.data;
  if (deadlineMinutes !== undefined && deadlineMinutes > rules.maxWaitMinutes) {
    problems.push(
      `deadlineMinutes: takes at most ${rules.maxWaitMinutes}, the gate's interval times its attempts, got ${deadlineMinutes}; raise gate.attempts or gate.intervalSeconds`,
    );
  }
  for (const [index, wait] of parsed.data.waitFor.entries()) {
    if (wait.check !== 'lambda' || rules.gateFunctions.includes(wait.function)) continue;
    problems.push(
      `waitFor[${index}].function: the gatekeeper may not ask ${wait.function}; add it to the setting gate.functions`,
    );
  }
  problems.push(...processorProblems(parsed.data, rules.processors));
  if (problems.length > 0) throw new InvalidInputError(problems);
  return parsed.data;
}

/** The fields that say what a run is of. */
const NAMING = ['sources', 'sourcesFrom', 'work', 'rerunOf'];

function withDefaults(typed: unknown, { defaultInput, waitFor }: InputRules): unknown {
  if (typeof typed !== 'object' || typed === null || Array.isArray(typed)) return typed;
  if (defaultInput === undefined || NAMING.some((field) => field in typed)) return { waitFor, ...typed };
  return { waitFor, ...JSON.parse(defaultInput), ...typed };
}
