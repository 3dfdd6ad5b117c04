import { hostname } from 'node:os';
import * as z from 'zod';

const taskSchema = z.object({ TaskARN: z.string() });

/**
 * What this worker is called in records: the id of its ECS task, as the gatekeeper and the console know it; host and
 * process outside ECS, or where the task's metadata can't be had in three tries of 2 seconds. The gatekeeper takes a worker of
 * another name for one that gives no sign of life.
 */
export async function workerName(environment: NodeJS.ProcessEnv): Promise<string> {
  const metadata = environment.ECS_CONTAINER_METADATA_URI_V4;
  for (let tries = 0; metadata !== undefined && tries < 3; tries++) {
    try {
      const answer = await fetch(`${metadata}/task`, { signal: AbortSignal.timeout(2_000) });
      const { TaskARN } = taskSchema.parse(await answer.json());
      return TaskARN.slice(TaskARN.lastIndexOf('/') + 1);
    } catch {
      // A name is worth no failed start.
    }
  }
  return `${hostname()}:${process.pid}`;
}
