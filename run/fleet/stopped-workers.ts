import type { Task } from '@aws-sdk/client-ecs';
import type { Trouble } from '../problem/note.ts';
import type { Fleet } from './fleet.ts';
import { tasksOf } from './tasks.ts';

/** What ECS reports about workers that stopped because of a problem. */
export interface StoppedWorkers {
  /** A problem for each such worker, with ECS's own text. */
  readonly problems: readonly Trouble[];
  /** Spot took a worker back, or had no capacity after all. */
  readonly spotIsShort: boolean;
}

/**
 * The answer of RunTask contains only what ECS knew at that moment. Later problems (an image can't be pulled, capacity
 * runs out, Spot takes a task back) are reported on the stopped task.
 *
 * @param since tasks that were requested earlier belong to another run, and are skipped.
 */
export async function lookAtStoppedWorkers(fleet: Fleet, since: Date): Promise<StoppedWorkers> {
  const problems: Trouble[] = [];
  let spotIsShort = false;
  for await (const task of tasksOf(fleet, 'STOPPED')) {
    if (task.createdAt === undefined || task.createdAt < since) continue;
    const problem = problemOf(task);
    if (problem !== undefined) problems.push(problem);
    spotIsShort ||= task.capacityProviderName === 'FARGATE_SPOT' && isTakenBack(task);
  }
  return { problems, spotIsShort };
}

function problemOf(task: Task): Trouble | undefined {
  const { stopCode: name, stoppedReason: reason = 'ECS gives no reason' } = task;
  const worker = task.taskArn?.split('/').at(-1);
  switch (name) {
    case 'TaskFailedToStart':
      return { name, code: 'worker-not-started', message: `a worker could not be started: ${reason}`, worker };
    case 'SpotInterruption':
    case 'TerminationNotice':
    case 'InfrastructureHealth':
      return { name, code: 'worker-interrupted', message: `a worker was interrupted: ${reason}`, worker };
    case 'EssentialContainerExited': {
      const container = task.containers?.find(({ exitCode }) => exitCode !== undefined && exitCode !== 0);
      if (container === undefined) return undefined;
      const message = `a worker ended with exit code ${container.exitCode}: ${container.reason ?? reason}`;
      return { name, code: 'worker-ended', message, worker };
    }
    // A person stopped the task, or the task is still stopping.
    default:
      return undefined;
  }
}

function isTakenBack({ stopCode, stoppedReason = '' }: Task): boolean {
  if (stopCode === 'SpotInterruption' || stopCode === 'TerminationNotice') return true;
  return stopCode === 'TaskFailedToStart' && /capacity/i.test(stoppedReason);
}
