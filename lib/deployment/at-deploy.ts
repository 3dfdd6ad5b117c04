import { CustomResource, Duration, Stack } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type Access, leave } from '../permissions/access.ts';
import type { Encryption } from '../storage/encryption.ts';

/** If the function does not answer, CloudFormation would wait for an hour. */
const ANSWER_WITHIN = Duration.minutes(5);

export interface AtDeployProps {
  /** The function `at-deploy`. */
  readonly call: IFunction;
  readonly encryption: Encryption;
}

/**
 * The steps of a deploy for which CloudFormation has no resource, each a custom resource. None of them runs after the
 * deploy.
 */
export class AtDeploy extends Construct {
  /** ECS's service-linked role exists. */
  readonly ecsRole: CustomResource;
  /** `encryption.key` has not changed, or the earlier key can still be used to decrypt. */
  readonly key: CustomResource;

  constructor(scope: Construct, id: string, { call, encryption }: AtDeployProps) {
    super(scope, id);
    const step = (name: string, properties?: Record<string, unknown>) =>
      new CustomResource(this, name, {
        resourceType: `Custom::${name}`,
        serviceToken: call.functionArn,
        serviceTimeout: ANSWER_WITHIN,
        ...(properties && { properties }),
      });
    this.ecsRole = step('EcsServiceRole');
    this.key = step('EncryptionKey', { Key: encryption.keyName, FormerKeys: encryption.formerKeys });
  }
}

/** The permissions of the function: to read ECS's service-linked role, and to create that role and no other. */
export function ecsRoleAccess(scope: Construct): Access {
  const arn = (resourceName: string) =>
    Stack.of(scope).formatArn({
      service: 'iam',
      region: '',
      resource: 'role',
      resourceName,
    });
  const name = 'AWSServiceRoleForECS';
  const role = arn(`aws-service-role/ecs.amazonaws.com/${name}`);
  return leave(
    // GetRole names no path, and IAM knows the path of a role only after the role exists.
    { actions: ['iam:GetRole'], resources: [role, arn(name)] },
    {
      actions: ['iam:CreateServiceLinkedRole'],
      resources: [role],
      conditions: { StringEquals: { 'iam:AWSServiceName': 'ecs.amazonaws.com' } },
    },
  );
}
