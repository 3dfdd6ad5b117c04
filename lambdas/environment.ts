import * as z from 'zod';
import { pricedDeploymentSchema } from '#page/cost/priced-deployment.ts';
import { jsonVariable } from '#run/environment.ts';
import { groupVariables } from '#run/settings/groups.ts';

/** A variable that CloudFormation writes as text. */
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const list = z
  .string()
  .transform((value) => value.split(',').filter((part) => part !== ''))
  .pipe(z.array(z.string()).min(1));
const count = z.coerce.number().int().positive();

/**
 * The variables of the functions, one group for each concern; `lib/` sets them together with the grants that they need.
 */
export const environment = {
  ...groupVariables,
  bucket: { SLUICE_BUCKET: z.string().min(3) },
  queue: { SLUICE_QUEUE_URL: z.url() },
  /** The name of the stack, for the events of ended runs. */
  events: { SLUICE_DEPLOYMENT: z.string().min(1) },
  pages: {
    /** The parts of the deployment that have a price, to compute what a run costs. */
    SLUICE_PRICED: jsonVariable(pricedDeploymentSchema),
    /** How many days the records of a run are kept. */
    SLUICE_KEEP_DAYS: count,
  },
  /** An alarm looks at what runs cost. */
  spend: { SLUICE_SPEND_ALERT: flag },
  /** What the watch checks. */
  watch: {
    SLUICE_WATCH: jsonVariable(
      z.object({
        runHours: z.number().positive(),
        schedules: z.array(z.object({ name: z.string(), expression: z.string(), timeZone: z.string() })),
      }),
    ),
  },
  /** The setting `defaultInput`, as it was typed. */
  defaultInput: { SLUICE_DEFAULT_INPUT: jsonVariable(z.record(z.string(), z.json())).optional() },
  /** Lambda sets this variable, in MiB. */
  memory: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: count },
  /** How many slices Open may return for a batch, so that the state machine's history has room for them. */
  slices: { SLUICE_SLICES_PER_BATCH: count },
  /** Where workers run. */
  fleet: {
    ...groupVariables.workers,
    SLUICE_DEAD_LETTER_QUEUE_URL: z.url(),
    SLUICE_CLUSTER: z.string().min(1),
    SLUICE_TASK_FAMILY: z.string().min(1),
    SLUICE_SUBNETS: list,
    SLUICE_SECURITY_GROUPS: list,
    SLUICE_ASSIGN_PUBLIC_IP: flag,
  },
} as const;
