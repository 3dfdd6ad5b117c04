import { ArnFormat, CustomResource, Duration, Stack } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type Access, leave } from '../permissions/access.ts';
import type { Encryption } from '../storage/encryption.ts';

/** Without an answer of the function, CloudFormation would wait for an hour. */
const ANSWER_WITHIN = Duration.minutes(5);

export interface AtDeployProps {
  /** The function `at-deploy`. */
  readonly call: IFunction;
  readonly encryption: Encryption;
}

/** The steps of a deploy that CloudFormation has no resource for, each a custom resource. Nothing of it runs afterwards. */
export class AtDeploy extends Construct {
  /** ECS's service-linked role is there. */
  readonly ecsRole: CustomResource;
  /** `encryption.key` is as before, or the key before it stays readable. */
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

/** What the function needs: to look for ECS's service-linked role, and to make that role and no other. */
export function ecsRoleAccess(scope: Construct): Access {
  const arn = (resourceName: string) =>
    Stack.of(scope).formatArn({
      service: 'iam',
      region: '',
      resource: 'role',
      resourceName,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
  const name = 'AWSServiceRoleForECS';
  const role = arn(`aws-service-role/ecs.amazonaws.com/${name}`);
  return leave(
    // GetRole names no path, and IAM knows the path of a role only once the role is there.
    { actions: ['iam:GetRole'], resources: [role, arn(name)] },
    {
      actions: ['iam:CreateServiceLinkedRole'],
      resources: [role],
      conditions: { StringEquals: { 'iam:AWSServiceName': 'ecs.amazonaws.com' } },
    },
  );
}
