import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import type { EmbeddedAws } from '#local/embedded/embedded-aws.ts';

/** The ARN of the stand-in's workgroup. The stand-in answers for any workgroup. */
export const WORKGROUP_ARN =
  'arn:aws:redshift-serverless:us-east-1:000000000000:workgroup/11111111-2222-3333-4444-555555555555';

const COPY_ROLE = 'redshift-copy';
/** The ARN of the role that `newCopyRole` creates. A deployment needs it before the role exists. */
export const COPY_ROLE_ARN = `arn:aws:iam::000000000000:role/${COPY_ROLE}`;

/** Creates the role that Redshift assumes to read a bucket. docs/redshift.md has the same two documents. */
export async function newCopyRole(aws: Pick<EmbeddedAws, 'client'>, bucket: string): Promise<void> {
  const iam = new IAMClient(aws.client);
  await iam.send(
    new CreateRoleCommand({
      RoleName: COPY_ROLE,
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'redshift.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      }),
    }),
  );
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: COPY_ROLE,
      PolicyName: 'read',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Action: 's3:ListBucket', Resource: `arn:aws:s3:::${bucket}` },
          { Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::${bucket}/*` },
        ],
      }),
    }),
  );
}
