import { hostname } from 'node:os';
import * as z from 'zod';

const taskSchema = z.object({ TaskARN: z.string() });

/**
 * Returns this worker's name in records: the id of its ECS task, which the gatekeeper and the console know too. Outside
 * ECS, or if three attempts of 2 seconds can't read the task's metadata, it is host and process. The gatekeeper then
 * sees no signs of life for the task, and replaces it.
 */
export async function workerName(environment: NodeJS.ProcessEnv): Promise<string> {
  const metadata = environment.ECS_CONTAINER_METADATA_URI_V4;
  for (let tries = 0; metadata !== undefined && tries < 3; tries++) {
    try {
      const answer = await fetch(`${metadata}/task`, { signal: AbortSignal.timeout(2_000) });
      const { TaskARN } = taskSchema.parse(await answer.json());
      return TaskARN.slice(TaskARN.lastIndexOf('/') + 1);
    } catch {
      // A start must not fail only because of the name.
    }
  }
  return `${hostname()}:${process.pid}`;
}
