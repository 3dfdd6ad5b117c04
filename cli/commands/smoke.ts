import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { S3Client } from '@aws-sdk/client-s3';
import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import { SMOKE_RUN } from '#run/delivery.ts';
import { CommandError } from '../command-error.ts';
import { type ClientConfig, clientConfig, connect } from '../deployment/connect.ts';
import { executionArnOf } from '../deployment/deployment.ts';
import { type KeptStack, keepTemplate, putBack } from '../deployment/kept-template.ts';
import { roleCredentials } from '../deployment/role-credentials.ts';
import { newRunId } from '../deployment/run-id.ts';
import { EXIT } from '../exit-code.ts';
import { Mistakes } from '../input/mistakes.ts';
import type { CommandContext } from './command.ts';
import { prepareRun } from './run.ts';
import { startRun } from './start-run.ts';

export interface SmokeOptions {
  readonly stack: string;
  readonly local?: boolean;
  readonly json?: boolean;
  /** An execution input as JSON; `-` is standard input. Without it, the deployment's default input. */
  readonly input?: string;
  /** The time limit for the run. */
  readonly minutes: number;
  /** The role that runs the state machine. @default - the command's own credentials */
  readonly smokeRole?: string;
  /** The role that stores the template and restores it. @default - the command's own credentials */
  readonly rollbackRole?: string;
}

/**
 * `sluice smoke`: after a deploy, starts a run that has to end complete. If it does, the deployed template is stored as
 * the one to return to. If it does not, the stored template is deployed again.
 *
 * @returns 0 if the run was complete.
 * @throws CommandError if it was not; the message says what happened to the deploy.
 */
export async function smoke(
  options: SmokeOptions,
  { screen, signal }: Pick<CommandContext, 'screen' | 'signal'>,
  mistakes = new Mistakes(),
): Promise<number> {
  const { stack, local, json, minutes, smokeRole, rollbackRole } = options;
  const name = newRunId(SMOKE_RUN);
  for (const [option, role] of [
    ['--smoke-role', smokeRole],
    ['--rollback-role', rollbackRole],
  ]) {
    if (role !== undefined && !/^arn:[\w-]+:iam::\d{12}:role\/\S+$/.test(role))
      mistakes.add(`${option} is ${JSON.stringify(role)}, and takes the ARN of a role, arn:aws:iam::ACCOUNT:role/NAME`);
  }
  const source = options.input === undefined ? {} : { input: options.input };
  const { input } = await prepareRun({ urls: [], name, ...source }, mistakes);
  const config = await clientConfig(local === true);
  const kept = keptStack(stack, as(rollbackRole, config), signal);

  const connection = await connect({ stack, config: as(smokeRole, config), ...(local && { local }) });
  const limit = AbortSignal.timeout(minutes * 60_000);
  const context = { ...connection, screen, signal: AbortSignal.any([signal, limit]), json: json === true };
  const problem = await startRun(context, input, name, {}).then(
    (code) => (code === EXIT.complete ? undefined : `the run ${name} did not end complete`),
    async (error: unknown) => {
      // Somebody has interrupted the command, which says nothing about the deploy.
      if (signal.aborted) throw error;
      if (!limit.aborted) return `the command could not follow the run ${name}: ${(error as Error).message}`;
      const executionArn = executionArnOf(connection.deployment, name);
      await connection.sfn.send(new StopExecutionCommand({ executionArn, cause: 'sluice smoke' }));
      return `the run ${name} took longer than ${minutes === 1 ? '1 minute' : `${minutes} minutes`}, so the command stopped it`;
    },
  );
  if (problem === undefined) {
    screen.say(`The deployed template is stored as ${await keepTemplate(kept)}.`);
    return EXIT.complete;
  }
  screen.say(`${problem}. Deploying the template of the last deploy that passed.`);
  throw await wentBack(kept, problem);
}

async function wentBack(kept: KeptStack, problem: string): Promise<CommandError> {
  const { stackName } = kept;
  switch (await putBack(kept)) {
    case 'put back':
      return new CommandError(
        'rolled-back',
        `${problem}; the command has deployed the template of the last deploy that passed to the stack ${stackName}`,
      );
    case 'unchanged':
      return new CommandError(
        'not-rolled-back',
        `${problem}; the stack ${stackName} has the template of the last deploy that passed, so the deploy changed nothing`,
        { mend: 'look at the source of the run and at the account: "npx sluice doctor"' },
      );
    case 'nothing kept':
      return new CommandError(
        'not-rolled-back',
        `${problem}; no earlier deploy of the stack ${stackName} has passed, so there is no earlier template, and the command does not change the stack`,
      );
  }
}

function keptStack(stackName: string, config: ClientConfig, signal: AbortSignal): KeptStack {
  return { cloudFormation: new CloudFormationClient(config), s3: new S3Client(config), stackName, signal };
}

function as(role: string | undefined, config: ClientConfig): ClientConfig {
  return role === undefined ? config : { ...config, credentials: roleCredentials(role, config) };
}
