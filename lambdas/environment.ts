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

/** The variables of the functions, a group a concern; `lib/` sets them together with the grants that they need. */
export const environment = {
  ...groupVariables,
  bucket: { SLUICE_BUCKET: z.string().min(3) },
  queue: { SLUICE_QUEUE_URL: z.url() },
  /** The name of the stack, for the events of ended runs. */
  events: { SLUICE_DEPLOYMENT: z.string().min(1) },
  pages: {
    /** What the deployment is made of, for what a run costs. */
    SLUICE_PRICED: jsonVariable(pricedDeploymentSchema),
    /** How long the records of a run are kept. */
    SLUICE_KEEP_DAYS: count,
  },
  /** An alarm looks at what runs cost. */
  spend: { SLUICE_SPEND_ALERT: flag },
  /** What the watch looks at. */
  watch: {
    SLUICE_WATCH: jsonVariable(
      z.object({
        runHours: z.number().positive(),
        schedules: z.array(z.object({ name: z.string(), expression: z.string(), timeZone: z.string() })),
      }),
    ),
  },
  /** The setting `defaultInput`. Kept as it was typed. */
  defaultInput: { SLUICE_DEFAULT_INPUT: jsonVariable(z.record(z.string(), z.json())).optional() },
  /** Lambda's own, in MiB. */
  memory: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: count },
  /** What Open hands out at most, as the state machine's history has room for it. */
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
