import { DescribeTasksCommand, paginateListTasks, type Task } from '@aws-sdk/client-ecs';
import type { Fleet } from './fleet.ts';

/** DescribeTasks accepts no more tasks a call. */
const TASKS_PER_CALL = 100;

/**
 * Describes the tasks of the fleet that are to run, or that have stopped. ECS keeps a stopped task for about an hour.
 */
export async function* tasksOf(
  { client, cluster, taskFamily: family }: Pick<Fleet, 'client' | 'cluster' | 'taskFamily'>,
  desiredStatus: 'RUNNING' | 'STOPPED',
): AsyncGenerator<Task> {
  const query = { cluster, family, desiredStatus };
  for await (const { taskArns = [] } of paginateListTasks({ client, pageSize: TASKS_PER_CALL }, query)) {
    if (taskArns.length === 0) continue;
    const { tasks = [] } = await client.send(new DescribeTasksCommand({ cluster, tasks: taskArns }));
    yield* tasks;
  }
}
