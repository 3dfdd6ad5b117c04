import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import { CommandError } from '../command-error.ts';
import { executionArnOf } from '../deployment/deployment.ts';
import { runIdOf } from '../deployment/run-id.ts';
import { EXIT } from '../exit-code.ts';
import { forDeployment } from '../screen/on-local.ts';
import type { CommandContext } from './command.ts';
import { describeRun } from './status.ts';

/**
 * `sluice cancel`: stops one run. Its workers stop by themselves, and CloseRun writes its manifest.
 *
 * @throws CommandError if the run does not exist, or has ended.
 */
export async function cancel(context: CommandContext, run: string): Promise<number> {
  const { sfn, deployment, screen, json } = context;
  const runId = runIdOf(run);
  const { status } = await describeRun(context, run);
  if (status !== 'RUNNING')
    throw new CommandError('run-has-ended', `run ${runId} has ended already (${String(status).toLowerCase()})`);
  await sfn.send(new StopExecutionCommand({ executionArn: executionArnOf(deployment, run), cause: 'sluice cancel' }));
  screen.print(
    json
      ? JSON.stringify({ run: runId, status: 'stopped' })
      : forDeployment(
          `Run ${runId} is stopped. "npx sluice report ${runId}" shows its outcome within a minute.`,
          context,
        ),
  );
  return EXIT.complete;
}
