import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { EVENT_SOURCE, type EventKind } from '#run/events/event.ts';
import type { Access } from '../permissions/access.ts';

/**
 * Permission to send these kinds of events, and no others, to the account's default bus; and the deployment's name for
 * them.
 */
export function eventAccess(scope: Construct, ...kinds: readonly EventKind[]): Access {
  const stack = Stack.of(scope);
  const bus = stack.formatArn({
    service: 'events',
    resource: 'event-bus',
    resourceName: 'default',
  });
  return {
    environment: { SLUICE_DEPLOYMENT: stack.stackName },
    statements: [
      new PolicyStatement({
        actions: ['events:PutEvents'],
        resources: [bus],
        conditions: { StringEquals: { 'events:source': EVENT_SOURCE, 'events:detail-type': kinds } },
      }),
    ],
  };
}
