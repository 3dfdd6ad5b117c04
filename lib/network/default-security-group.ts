import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { AwsCustomResource, PhysicalResourceId } from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import { trustedLambda } from '../permissions/service-trust.ts';
import type { Encryption } from '../storage/encryption.ts';

export interface EmptyDefaultSecurityGroupProps {
  /** The VPC's default security group. */
  readonly groupId: string;
  readonly encryption: Encryption;
}

/**
 * Removes both rules from a VPC's default security group. Every VPC has this group. It permits its members to reach
 * each other and every address, and a resource that is started in the VPC without a group becomes a member.
 *
 * CloudFormation can't change a group that it didn't create, so a function of CDK's does it during the deploy. It costs
 * nothing afterwards. CDK's `restrictDefaultSecurityGroup` does the same, but with more: a role that may also add
 * rules, a managed policy that opens all log groups, and a log group that never expires.
 */
export class EmptyDefaultSecurityGroup extends Construct {
  constructor(scope: Construct, id: string, { groupId, encryption }: EmptyDefaultSecurityGroupProps) {
    super(scope, id);
    const { account, stackName } = Stack.of(this);
    const role = new Role(this, 'Role', { assumedBy: trustedLambda(this) });
    const logGroup = encryption.logGroup(this, `/aws/lambda/${stackName}-default-group`);
    logGroup.grantWrite(role);
    role.addToPolicy(
      new PolicyStatement({
        actions: ['ec2:RevokeSecurityGroupIngress', 'ec2:RevokeSecurityGroupEgress'],
        resources: [
          Stack.of(this).formatArn({
            service: 'ec2',
            resource: 'security-group',
            resourceName: groupId,
          }),
        ],
      }),
    );
    const revoke = (action: string, permission: object) => {
      const resource = new AwsCustomResource(this, action, {
        role,
        logGroup: logGroup as ILogGroup,
        installLatestAwsSdk: false,
        memorySize: 256,
        onUpdate: {
          service: 'EC2',
          action,
          parameters: { GroupId: groupId, IpPermissions: [{ IpProtocol: '-1', ...permission }] },
          physicalResourceId: PhysicalResourceId.of(groupId),
          // The rule was removed before.
          ignoreErrorCodesMatching: '^InvalidPermission\\.NotFound$',
        },
      });
      // The role must have its permission before the function is called.
      resource.node.addDependency(role);
    };
    revoke('revokeSecurityGroupIngress', { UserIdGroupPairs: [{ GroupId: groupId, UserId: account }] });
    revoke('revokeSecurityGroupEgress', { IpRanges: [{ CidrIp: '0.0.0.0/0' }] });
  }
}
