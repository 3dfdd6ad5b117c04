import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { groupsAsVariables } from '#run/settings/groups.ts';
import { type Access, variables } from '../permissions/access.ts';
import type { Settings } from '../settings/settings.ts';

/** What sending metrics needs: their level, and the name to send them under. They are lines of the log, which every program may write. */
export function metricsAccess(scope: Construct, { metrics }: Pick<Settings, 'metrics'>): Access {
  return variables({ ...groupsAsVariables({ metrics }, 'metrics'), SLUICE_DEPLOYMENT: Stack.of(scope).stackName });
}
