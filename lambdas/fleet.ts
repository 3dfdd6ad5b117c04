import { ECSClient } from '@aws-sdk/client-ecs';
import type { z } from 'zod';
import { requestLimits } from '#run/aws-requests.ts';
import type { Fleet } from '#run/fleet/fleet.ts';
import type { FLEET_VARIABLES } from './environment/fleet.ts';

/** Returns the fleet that a function's environment describes. */
export function fleetOf(env: z.infer<z.ZodObject<typeof FLEET_VARIABLES>>): Fleet {
  const { max, itemsPerWorker, spot } = env.SLUICE_WORKERS;
  return {
    client: new ECSClient(requestLimits()),
    cluster: env.SLUICE_CLUSTER,
    taskFamily: env.SLUICE_TASK_FAMILY,
    subnets: env.SLUICE_SUBNETS,
    securityGroups: env.SLUICE_SECURITY_GROUPS,
    assignPublicIp: env.SLUICE_ASSIGN_PUBLIC_IP,
    max,
    itemsPerWorker,
    spot,
  };
}
