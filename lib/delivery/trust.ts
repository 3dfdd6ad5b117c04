import { Aws } from 'aws-cdk-lib';
import { AccountPrincipal, type IPrincipal } from 'aws-cdk-lib/aws-iam';

/**
 * One role, which may not be there yet. By a condition on its name: IAM replaces the ARN of a principal by the id of a role, which
 * another role of that name lacks.
 */
export function roleByName(account: string, name: string): IPrincipal {
  return new AccountPrincipal(account).withConditions({
    ArnEquals: { 'aws:PrincipalArn': `arn:${Aws.PARTITION}:iam::${account}:role/${name}` },
  });
}
