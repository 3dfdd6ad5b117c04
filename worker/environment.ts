import * as z from 'zod';
import { limitsVariable } from '#run/limits/limits.ts';
import { guardOf, sourceRulesVariable } from '#run/limits/source-rules.ts';

/** SQS ends a message's visibility 12 hours after it was received, however often it was extended. */
const LONGEST_VISIBILITY_SECONDS = 43_200;

const GIB = 1_073_741_824;

const seconds = z.coerce.number().positive();
const count = z.coerce.number().int().positive();

/** The worker's settings, as the task definition gives them. Read once, at start. */
export const workerSettingsSchema = z
  .object({
    SLUICE_BUCKET: z.string().min(1),
    SLUICE_QUEUE_URL: z.url(),
    /** How long a message is reserved each time. */
    SLUICE_VISIBILITY_SECONDS: count.max(LONGEST_VISIBILITY_SECONDS),
    SLUICE_HEARTBEAT_SECONDS: seconds,
    /** How long the queue must have been empty before the worker leaves. */
    SLUICE_IDLE_SECONDS: seconds,
    SLUICE_ITEMS_AT_ONCE: count.max(100),
    SLUICE_MAX_ATTEMPTS: count,
    /** The task's memory. Without it, what the container or the machine has. */
    SLUICE_MEMORY_MIB: count.optional(),
    /** At most 11 h 30 min, since SQS ends a reservation at 12 h. */
    SLUICE_ITEM_MINUTES: z.coerce.number().positive().max(690),
    SLUICE_USER_AGENT: z.string().min(1).default('sluice/1 (batch worker; obeys robots.txt)'),
    /** The pause after an item's first failed try; it doubles from there. */
    SLUICE_RETRY_SECONDS: seconds.max(900).default(10),
    /** The container's stopTimeout: how long after SIGTERM the worker is killed. Fargate takes at most 120. */
    SLUICE_STOP_SECONDS: seconds.max(120).default(120),
    /** Where sources and scraped sites may be. */
    SLUICE_SOURCE_RULES: sourceRulesVariable,
    /** What a run may cost. */
    SLUICE_LIMITS: limitsVariable,
  })
  .refine((env) => env.SLUICE_HEARTBEAT_SECONDS < env.SLUICE_VISIBILITY_SECONDS, {
    path: ['SLUICE_HEARTBEAT_SECONDS'],
    error: 'must be shorter than SLUICE_VISIBILITY_SECONDS',
  })
  .refine((env) => env.SLUICE_ITEM_MINUTES * 60 + env.SLUICE_VISIBILITY_SECONDS <= LONGEST_VISIBILITY_SECONDS, {
    path: ['SLUICE_ITEM_MINUTES'],
    error: 'must leave one SLUICE_VISIBILITY_SECONDS of the 12 hours after which SQS ends a reservation',
  })
  .transform((env) => ({
    bucket: env.SLUICE_BUCKET,
    queueUrl: env.SLUICE_QUEUE_URL,
    visibilitySeconds: env.SLUICE_VISIBILITY_SECONDS,
    heartbeatSeconds: env.SLUICE_HEARTBEAT_SECONDS,
    idleSeconds: env.SLUICE_IDLE_SECONDS,
    itemsAtOnce: env.SLUICE_ITEMS_AT_ONCE,
    maxAttempts: env.SLUICE_MAX_ATTEMPTS,
    memoryMiB: env.SLUICE_MEMORY_MIB,
    itemMinutes: env.SLUICE_ITEM_MINUTES,
    userAgent: env.SLUICE_USER_AGENT,
    retrySeconds: env.SLUICE_RETRY_SECONDS,
    stopSeconds: env.SLUICE_STOP_SECONDS,
    sourceGuard: guardOf(env.SLUICE_SOURCE_RULES),
    sourceBytes: env.SLUICE_LIMITS.sourceGiB * GIB,
    runBytes: env.SLUICE_LIMITS.runGiB * GIB,
    credentialGrants: env.SLUICE_SOURCE_RULES.credentials,
  }));
export type WorkerSettings = z.output<typeof workerSettingsSchema>;

/** A variable of the worker's environment is missing or wrong. */
export class WorkerEnvironmentError extends Error {
  override readonly name = 'WorkerEnvironmentError';
}

/** @throws WorkerEnvironmentError naming every variable with what it got and what it takes. */
export function readWorkerSettings(environment: NodeJS.ProcessEnv): WorkerSettings {
  const parsed = workerSettingsSchema.safeParse(environment);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0] ?? 'environment');
    return `${name} is ${JSON.stringify(environment[name]) ?? 'not set'}: ${issue.message}`;
  });
  throw new WorkerEnvironmentError(
    `the worker's environment is wrong:\n${problems.map((one) => `- ${one}`).join('\n')}`,
  );
}
