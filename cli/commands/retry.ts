import { CommandError } from '../command-error.ts';
import { newRunId, runIdOf } from '../deployment/run-id.ts';
import { EXIT } from '../exit-code.ts';
import { executionInput } from '../input/execution-input.ts';
import type { Mistakes } from '../input/mistakes.ts';
import { readItems, readManifest } from '../report/read-run.ts';
import type { CommandContext } from './command.ts';
import { checkRunName, type StartOptions, startRun } from './start-run.ts';

export interface RetryOptions extends StartOptions {
  readonly onLate?: string;
  /** Names or ids of items. Without them, all items that are left. */
  readonly item?: readonly string[];
}

/** A retry whose arguments are checked as far as possible without AWS. */
export interface PreparedRetry {
  readonly rerunOf: string;
  readonly name: string;
}

/** @throws UsageError, InvalidInputError, with all problems. */
export async function prepareRetry(earlier: string, options: RetryOptions, mistakes: Mistakes): Promise<PreparedRetry> {
  const [name] = await mistakes.all(
    () => (options.name === undefined ? newRunId('retry') : checkRunName(options.name)),
    () => inputOf(options),
  );
  return { rerunOf: runIdOf(earlier), name };
}

/**
 * `sluice retry`: starts a run of the failed and missing items of an earlier run, and watches it unless detached.
 *
 * @returns the exit code.
 * @throws NoManifestError if the earlier run is still under way, or does not exist; CommandError if an item is not
 * among those left.
 */
export async function retry(context: CommandContext, { rerunOf, name }: PreparedRetry, options: RetryOptions) {
  const { store, screen } = context;
  const { counts } = await readManifest(store, rerunOf);
  if (counts.failed + counts.missing === 0) {
    screen.print(`Run ${rerunOf} has no failed or missing items.`);
    return EXIT.complete;
  }
  const only = options.item === undefined ? undefined : await leftItems(context, rerunOf, options.item);
  return startRun(context, inputOf(options, { rerunOf, ...(only && { rerunItems: only }) }), name, options);
}

function inputOf({ onLate }: RetryOptions, base: object = {}): Record<string, unknown> {
  return executionInput({ sources: [], base: JSON.stringify(base), ...(onLate !== undefined && { onLate }) });
}

/** @returns the ids of the requested items, which were named by id or by name. */
async function leftItems({ store }: CommandContext, runId: string, wanted: readonly string[]): Promise<string[]> {
  const missing = new Set(wanted);
  const done: string[] = [];
  const ids: string[] = [];
  for await (const { item, name, status } of readItems(store, runId)) {
    const asked = wanted.filter((one) => one === item || one === name);
    if (asked.length === 0) continue;
    for (const one of asked) missing.delete(one);
    if (status === 'done') done.push(name);
    else ids.push(item);
  }
  const problems = [
    ...[...missing].map((one) => `run ${runId} has no item ${JSON.stringify(one)}`),
    ...done.map((one) => `${one} is done in run ${runId}`),
  ];
  if (problems.length > 0)
    throw new CommandError(missing.size > 0 ? 'no-such-item' : 'item-is-done', problems.join('; '));
  return ids;
}
