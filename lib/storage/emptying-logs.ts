import { type CfnResource, Stack } from 'aws-cdk-lib';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Encryption } from './encryption.ts';

/**
 * A log group for the function with which CDK empties a bucket that is deleted with its stack. By default, the function
 * creates its own log group, which never expires and outlives the stack, and its role may write all log groups of the
 * account.
 */
export class EmptyingLogs extends Construct {
  constructor(scope: Construct, id: string, { bucket, encryption }: { bucket: Bucket; encryption: Encryption }) {
    super(scope, id);
    const stack = Stack.of(this);
    const logGroup = encryption.logGroup(this, `/aws/lambda/${stack.stackName}-empty-bucket`);
    const provider = stack.node.findChild('Custom::S3AutoDeleteObjectsCustomResourceProvider').node;
    const role = provider.findChild('Role') as CfnResource;
    role.addPropertyDeletionOverride('ManagedPolicyArns');
    role.addPropertyOverride('Policies', [
      {
        PolicyName: 'Logs',
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
              Resource: stack.resolve(logGroup.logGroupArn),
            },
          ],
        },
      },
    ]);
    const handler = provider.findChild('Handler') as CfnResource;
    handler.addPropertyOverride('LoggingConfig', { LogGroup: stack.resolve(logGroup.logGroupName) });
    bucket.node.findChild('AutoDeleteObjectsCustomResource').node.addDependency(logGroup);
  }
}
