import type * as z from 'zod';
import { InvalidInputError } from '#run/errors.ts';
import { RUN_ID_PATTERN } from '#run/ids.ts';
import { processorProblems } from '#run/input/deployed-processors.ts';
import { describeIssue, REPORTING } from '#run/input/describe-issue.ts';
import { type ExecutionInput, executionInputSchema } from '#run/input/input.ts';
import { isTooDeep, MOST_LEVELS } from '#run/input/nesting.ts';
import { quoted } from '#run/input/quoted.ts';
import { type GateSettings, gateWaitSeconds, mayCall } from '#run/settings/gate.ts';

export interface InputRules {
  readonly runId: string;
  /** The settings' input for an execution that names nothing itself. */
  readonly defaultInput: Readonly<Record<string, unknown>> | undefined;
  readonly gate: GateSettings;
  /** The processors of the deployment's workers. */
  readonly processors: readonly string[];
}

/**
 * Returns an execution's input with its defaults. All checks are made that do not need a list to be read.
 *
 * If the input has neither `sources`, `sourcesFrom` nor `work`, it gets those of the settings' default input; its other
 * fields override those of the default. So a schedule or `{}` runs what the settings name.
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
  const given = withDefaults(typed, rules);
  const parsed = executionInputSchema.safeParse(given, REPORTING);
  if (parsed.success) problems.push(...ruleProblems(parsed.data, rules));
  else {
    problems.push(...parsed.error.issues.map((issue) => describeIssue(issue)));
    // The valid part may still break a rule. These problems are reported now, and not at the next attempt.
    const rest = executionInputSchema.safeParse(withoutWrong(given, parsed.error.issues));
    if (rest.success) problems.push(...ruleProblems(rest.data, rules));
  }
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new InvalidInputError(problems);
}

/** Returns the problems of an input with the right shape, except those that Plan finds when it reads each item. */
function ruleProblems(input: ExecutionInput, rules: InputRules): string[] {
  const problems: string[] = [];
  const { deadlineMinutes } = input;
  const maxWaitMinutes = gateWaitSeconds(rules.gate) / 60;
  if (deadlineMinutes !== undefined && deadlineMinutes > maxWaitMinutes) {
    problems.push(
      `deadlineMinutes: takes at most ${maxWaitMinutes}, the gate's interval times its attempts, got ${deadlineMinutes}; raise gate.attempts or gate.intervalSeconds`,
    );
  }
  for (const [index, wait] of input.waitFor.entries()) {
    if (wait.check !== 'lambda' || mayCall(rules.gate, wait.function)) continue;
    problems.push(
      `waitFor[${index}].function: the gatekeeper may not call ${wait.function}; add it to the setting gate.functions, or its module to gate.checks`,
    );
  }
  return [...problems, ...processorProblems(input, rules.processors)];
}

/**
 * Returns an input without its invalid fields. Invalid entries of lists are replaced, so that the other entries keep
 * their indexes.
 */
function withoutWrong(input: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  if (typeof input !== 'object' || input === null) return input;
  const rest = structuredClone(input) as Record<string, unknown>;
  for (const { path, code, keys } of issues as readonly (z.core.$ZodIssue & { keys?: string[] })[]) {
    const [field, index] = path;
    if (field === undefined) for (const key of code === 'unrecognized_keys' ? (keys ?? []) : []) delete rest[key];
    else if (field === 'sources' && typeof index === 'number') {
      (rest.sources as unknown[])[index] = { url: 'https://replaced.invalid/' };
    } else if (field === 'work' && typeof index === 'number')
      (rest.work as unknown[])[index] = { processor: 'profile' };
    else delete rest[String(field)];
  }
  return rest;
}

/** The fields that name a run's items. */
const NAMING = ['sources', 'sourcesFrom', 'work', 'rerunOf'];

function withDefaults(typed: unknown, { defaultInput, gate: { waitFor } }: InputRules): unknown {
  if (typeof typed !== 'object' || typed === null || Array.isArray(typed)) return typed;
  if (defaultInput === undefined || NAMING.some((field) => field in typed)) return { waitFor, ...typed };
  return { waitFor, ...defaultInput, ...typed };
}
