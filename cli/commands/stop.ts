import { ECSClient, paginateListTasks, StopTaskCommand, waitUntilTasksStopped } from '@aws-sdk/client-ecs';
import { paginateListExecutions, type SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { EXIT } from '../exit-code.ts';
import type { CommandContext } from './command.ts';

/** A worker has two minutes to return its items. */
const LONGEST_STOP_SECONDS = 180;
/** DescribeTasks accepts no more tasks a call. */
const TASKS_PER_CALL = 100;

/** Workers were asked to stop and still run. */
export class StillRunningError extends Error {
  override readonly name = 'StillRunningError';
}

/**
 * `sluice stop`: stops every run of the deployment, then its workers, and waits until none is left. Runs are stopped
 * first, because a gatekeeper would replace stopped workers.
 *
 * @throws StillRunningError if workers still run after three minutes.
 */
export async function stop(context: CommandContext): Promise<number> {
  const { deployment, screen, signal, config } = context;
  const ecs = new ECSClient(config);
  const { cluster } = deployment;
  for (const { executionArn, name } of await runningExecutions(context.sfn, deployment.stateMachineArn)) {
    await context.sfn.send(new StopExecutionCommand({ executionArn, cause: 'sluice stop' }));
    screen.print(`Run ${name} is stopped.`);
  }
  for (const task of await tasksMeantToBe('RUNNING', ecs, cluster)) {
    await ecs.send(new StopTaskCommand({ cluster, task, reason: 'sluice stop' }));
    screen.print(`Worker ${task.split('/').at(-1)} was asked to stop.`);
  }
  // ECS lists a task by its desired status. A task that was asked to stop needs some time.
  const tasks = await tasksMeantToBe('STOPPED', ecs, cluster);
  for (let from = 0; from < tasks.length; from += TASKS_PER_CALL) {
    await waitUntilTasksStopped(
      { client: ecs, maxWaitTime: LONGEST_STOP_SECONDS, minDelay: 1, maxDelay: 5, abortSignal: signal },
      { cluster, tasks: tasks.slice(from, from + TASKS_PER_CALL) },
    ).catch((cause: unknown) => {
      if (signal.aborted) throw cause;
      throw new StillRunningError(`workers still run in the cluster ${cluster}, after three minutes`, { cause });
    });
  }
  screen.print('Nothing runs.');
  return EXIT.complete;
}

async function runningExecutions(client: SFNClient, stateMachineArn: string) {
  const found: { executionArn: string; name: string }[] = [];
  for await (const page of paginateListExecutions({ client }, { stateMachineArn, statusFilter: 'RUNNING' })) {
    for (const { executionArn, name } of page.executions ?? []) {
      if (executionArn !== undefined && name !== undefined) found.push({ executionArn, name });
    }
  }
  return found;
}

async function tasksMeantToBe(desiredStatus: 'RUNNING' | 'STOPPED', client: ECSClient, cluster: string) {
  const arns: string[] = [];
  for await (const page of paginateListTasks({ client }, { cluster, desiredStatus }))
    arns.push(...(page.taskArns ?? []));
  return arns;
}
