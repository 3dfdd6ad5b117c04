import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { RUN_ID_PATTERN } from '#run/ids.ts';
import { CommandError } from '../command-error.ts';
import { EXIT } from '../exit-code.ts';
import { UsageError } from '../usage-error.ts';
import type { CommandContext } from './command.ts';
import { watch } from './watch.ts';

/** The options of every new run. */
export interface StartOptions {
  readonly name?: string;
  readonly detach?: boolean;
}

/** Step Functions accepts no longer input. */
const MAX_INPUT_BYTES = 262_144;

/** @throws UsageError if a run can't have that name. */
export function checkRunName(name: string): string {
  if (RUN_ID_PATTERN.test(name)) return name;
  throw new UsageError(`--name is ${JSON.stringify(name)}, and takes 1 to 80 letters, digits, dashes and underscores`);
}

/** @throws UsageError if the input is too long for an execution. */
export function inputText(input: unknown): string {
  const text = JSON.stringify(input);
  if (Buffer.byteLength(text) <= MAX_INPUT_BYTES) return text;
  throw new UsageError(
    'the input is larger than the 256 KiB that Step Functions takes: put the sources into a list, and name it with --from',
  );
}

/**
 * Starts an execution and, unless detached, watches it to its end.
 *
 * @returns the exit code.
 * @throws CommandError if there is a run with that name.
 */
export async function startRun(
  context: CommandContext,
  input: unknown,
  name: string,
  { detach }: StartOptions,
): Promise<number> {
  const { sfn, deployment, screen, json } = context;
  const text = inputText(input);
  try {
    await sfn.send(new StartExecutionCommand({ stateMachineArn: deployment.stateMachineArn, name, input: text }));
  } catch (error) {
    if ((error as Error).name !== 'ExecutionAlreadyExists') throw error;
    throw new CommandError('run-exists', `there is a run ${name} already`, { cause: error });
  }
  if (detach === true) {
    screen.print(json ? JSON.stringify({ run: name }) : name);
    return EXIT.complete;
  }
  screen.say(`Run ${name} has started.`);
  return watch(context, name);
}
