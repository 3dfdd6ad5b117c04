import { ArnFormat, Stack } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/**
 * Lambda as the one that may take a function's role on, for functions of this account alone. The account is all that can be
 * asked for: a role comes before its function, and AWS publishes trust policies for Lambda with this condition only.
 */
export function trustedLambda(scope: Construct): ServicePrincipal {
  return new ServicePrincipal('lambda.amazonaws.com', {
    conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
  });
}

/**
 * A service as the one that may take a role on, in the name of this account's own resources alone: without that, the
 * service could be made to use the role for somebody else's (the confused deputy).
 *
 * @param source the resource in whose name it acts: `{ service: 'ecs', resource: '*' }`.
 */
export function trusted(
  scope: Construct,
  principal: string,
  source: { readonly service: string; readonly resource: string; readonly arnFormat?: ArnFormat },
): ServicePrincipal {
  const stack = Stack.of(scope);
  return new ServicePrincipal(principal, {
    conditions: {
      StringEquals: { 'aws:SourceAccount': stack.account },
      ArnLike: { 'aws:SourceArn': stack.formatArn({ arnFormat: ArnFormat.NO_RESOURCE_NAME, ...source }) },
    },
  });
}
