import { Aws } from 'aws-cdk-lib';
import { AccountPrincipal, type IPrincipal } from 'aws-cdk-lib/aws-iam';

/**
 * One role, which may not exist yet. It is identified by a condition on its name: for a principal's ARN, IAM stores the
 * role's id, and a new role of the same name has another id.
 */
export function roleByName(account: string, name: string): IPrincipal {
  return new AccountPrincipal(account).withConditions({
    ArnEquals: { 'aws:PrincipalArn': `arn:${Aws.PARTITION}:iam::${account}:role/${name}` },
  });
}
