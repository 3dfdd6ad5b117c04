import * as z from 'zod';
import { jsonVariable } from '#run/input/json-text.ts';
import { waitForSchema } from '#run/input/wait-for.ts';
import { limitsVariable } from '#run/limits/limits.ts';
import { sourceRulesVariable } from '#run/limits/source-rules.ts';

/** A variable that CloudFormation writes as text. */
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const list = z
  .string()
  .transform((value) => value.split(',').filter((part) => part !== ''))
  .pipe(z.array(z.string()).min(1));
const count = z.coerce.number().int().positive();

/** The variables of the functions, a group a concern; `lib/` sets them together with the grants that they need. */
export const environment = {
  bucket: { SLUICE_BUCKET: z.string().min(3) },
  queue: { SLUICE_QUEUE_URL: z.url() },
  plan: {
    SLUICE_DEFAULT_INPUT: z.string().optional(),
    /** The checks of a run whose input names none. */
    SLUICE_WAIT_FOR: jsonVariable(z.array(waitForSchema).min(1)),
    SLUICE_SOURCES_PER_BATCH: count,
    /** The functions that the gatekeeper may ask. */
    SLUICE_GATE_FUNCTIONS: z.string().default(''),
    /** Those that the workers have. */
    SLUICE_PROCESSORS: list,
    SLUICE_MAX_WAIT_MINUTES: z.coerce.number().positive(),
    SLUICE_MAX_ITEMS: count.default(1_000_000),
    /** When a run's time is up. */
    SLUICE_MAX_HOURS: z.coerce.number().positive().optional(),
  },
  transfer: {
    SLUICE_CONNECTIONS: count,
    SLUICE_BUFFER_MIB: count,
    SLUICE_SLICE_MIB: count,
    SLUICE_SOURCES_AT_ONCE: count,
    /** Lambda's own, in MiB. */
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: count,
  },
  /** Where sources and the pages of checks may be. */
  sources: { SLUICE_SOURCE_RULES: sourceRulesVariable },
  /** What a run may cost. */
  limits: { SLUICE_LIMITS: limitsVariable },
  open: { SLUICE_SLICES_PER_BATCH: count },
  workers: {
    SLUICE_DEAD_LETTER_QUEUE_URL: z.url(),
    SLUICE_CLUSTER: z.string().min(1),
    SLUICE_TASK_FAMILY: z.string().min(1),
    SLUICE_SUBNETS: list,
    SLUICE_SECURITY_GROUPS: list,
    SLUICE_ASSIGN_PUBLIC_IP: flag,
    SLUICE_MAX_WORKERS: count,
    SLUICE_ITEMS_PER_WORKER: count,
    SLUICE_SPOT: flag,
  },
} as const;

/** A function's environment lacks a variable, or one has a value that it doesn't take. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

/**
 * Reads the variables of one function, at its cold start.
 *
 * @throws EnvironmentError naming every variable that is wrong, what it holds and what it takes.
 */
export function readEnvironment<S extends z.ZodRawShape>(shape: S): z.infer<z.ZodObject<S>> {
  const parsed = z.object(shape).safeParse(process.env);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    return `${name} is ${JSON.stringify(process.env[name])}: ${issue.message}`;
  });
  throw new EnvironmentError(`the function's environment is wrong: ${problems.join('; ')}`);
}
