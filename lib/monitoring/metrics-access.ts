import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { groupsAsVariables } from '#run/settings/groups.ts';
import { type Access, variables } from '../permissions/access.ts';
import type { Settings } from '../settings/settings.ts';

/**
 * What a function needs to send metrics: their level, and the deployment's name. Metrics are lines of the log, which
 * every function may write.
 */
export function metricsAccess(scope: Construct, { metrics }: Pick<Settings, 'metrics'>): Access {
  return variables({ ...groupsAsVariables({ metrics }, 'metrics'), SLUICE_DEPLOYMENT: Stack.of(scope).stackName });
}
