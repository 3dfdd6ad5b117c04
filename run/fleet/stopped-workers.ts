import { DescribeTasksCommand, paginateListTasks, type Task } from '@aws-sdk/client-ecs';
import { noteOf } from '../problem/note.ts';
import type { Fleet } from './fleet.ts';

/** DescribeTasks takes no more. */
const TASKS_PER_CALL = 100;

/** What ECS says of workers that came to no good end. It remembers a task for about an hour. */
export interface StoppedWorkers {
  /** A sentence each, in ECS's own words. */
  readonly problems: readonly string[];
  /** Spot took a worker back, or had none to give after all. */
  readonly spotIsShort: boolean;
}

/**
 * RunTask's answer says only what ECS knew at once. That an image can't be pulled, that capacity ran out or that Spot takes a
 * task back shows later, on the stopped task.
 *
 * @param since tasks that were asked for before are somebody else's.
 */
export async function lookAtStoppedWorkers(fleet: Fleet, since: Date): Promise<StoppedWorkers> {
  const problems = new Set<string>();
  let spotIsShort = false;
  const query = { cluster: fleet.cluster, family: fleet.taskFamily, desiredStatus: 'STOPPED' } as const;
  for await (const { taskArns = [] } of paginateListTasks({ client: fleet.client, pageSize: TASKS_PER_CALL }, query)) {
    if (taskArns.length === 0) continue;
    const { tasks = [] } = await fleet.client.send(
      new DescribeTasksCommand({ cluster: fleet.cluster, tasks: taskArns }),
    );
    for (const task of tasks) {
      if (task.createdAt === undefined || task.createdAt < since) continue;
      const problem = problemOf(task);
      if (problem !== undefined) problems.add(problem);
      spotIsShort ||= task.capacityProviderName === 'FARGATE_SPOT' && isTakenBack(task);
    }
  }
  return { problems: [...problems], spotIsShort };
}

function problemOf(task: Task): string | undefined {
  const reason = task.stoppedReason ?? 'ECS gives no reason';
  switch (task.stopCode) {
    case 'TaskFailedToStart':
      return noteOf('worker-not-started', `a worker could not be started: ${reason}`);
    case 'SpotInterruption':
    case 'TerminationNotice':
    case 'InfrastructureHealth':
      return noteOf('worker-interrupted', `a worker was interrupted: ${reason}`);
    case 'EssentialContainerExited': {
      const container = task.containers?.find(({ exitCode }) => exitCode !== undefined && exitCode !== 0);
      if (container === undefined) return undefined;
      return noteOf(
        'worker-ended',
        `a worker ended with exit code ${container.exitCode}: ${container.reason ?? reason}`,
      );
    }
    // Stopped by a person, or on its way.
    default:
      return undefined;
  }
}

function isTakenBack({ stopCode, stoppedReason = '' }: Task): boolean {
  if (stopCode === 'SpotInterruption' || stopCode === 'TerminationNotice') return true;
  return stopCode === 'TaskFailedToStart' && /capacity/i.test(stoppedReason);
}
