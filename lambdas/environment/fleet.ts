import * as z from 'zod';
import { WORKERS_VARIABLE } from '#run/settings/variables/workers.ts';
import { flag } from './flag.ts';

const list = z
  .string()
  .transform((value) => value.split(',').filter((part) => part !== ''))
  .pipe(z.array(z.string()).min(1));

/** Where workers run. */
export const FLEET_VARIABLES = {
  ...WORKERS_VARIABLE,
  SLUICE_DEAD_LETTER_QUEUE_URL: z.url(),
  SLUICE_CLUSTER: z.string().min(1),
  SLUICE_TASK_FAMILY: z.string().min(1),
  SLUICE_SUBNETS: list,
  SLUICE_SECURITY_GROUPS: list,
  SLUICE_ASSIGN_PUBLIC_IP: flag,
};
