import { ArnFormat, Stack } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/**
 * Lambda as the service that may assume a function's role, only for functions of this account.
 *
 * AWS documents neither `aws:SourceAccount` nor `aws:SourceArn` for Lambda's call of AssumeRole. So the account is
 * compared only if Lambda sends it: a condition on a missing key would refuse Lambda itself, and every first deploy
 * would end with "The role defined for the function cannot be assumed by Lambda". IAM itself refuses to pass a role to
 * a function of another account.
 */
export function trustedLambda(scope: Construct): ServicePrincipal {
  return new ServicePrincipal('lambda.amazonaws.com', {
    conditions: { StringEqualsIfExists: { 'aws:SourceAccount': Stack.of(scope).account } },
  });
}

/**
 * A service that may assume a role, only on behalf of this account's own resources. Without this condition, the service
 * could be made to use the role for somebody else's resources (the confused deputy).
 *
 * @param source the resource on whose behalf the service acts: `{ service: 'ecs', resource: '*' }`.
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
