import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { EmbeddedAws } from '#local/embedded/embedded-aws.ts';
import { startEmbeddedAws } from '#local/embedded/embedded-aws.ts';
import { type RedshiftStandIn, startRedshiftStandIn } from '#local/redshift/stand-in.ts';
import type { Store } from '#run/store.ts';

export const WORKGROUP_ARN =
  'arn:aws:redshift-serverless:us-east-1:000000000000:workgroup/11111111-2222-3333-4444-555555555555';

/** What the role for COPY is called. */
export const COPY_ROLE = 'redshift-copy';

/** An embedded AWS with a stand-in for Redshift behind it, a bucket, and a role for COPY that may read the bucket. */
export interface TestWarehouse {
  readonly aws: EmbeddedAws;
  readonly redshift: RedshiftStandIn;
  readonly client: RedshiftDataClient;
  readonly store: Store;
  readonly copyRole: string;
  stop(): Promise<void>;
}

export async function startTestWarehouse(): Promise<TestWarehouse> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-redshift-'));
  const redshift = await startRedshiftStandIn();
  const aws = await startEmbeddedAws({ logFile: join(folder, 'aws.log'), redshift });
  const store = { client: new S3Client({ ...aws.client, forcePathStyle: true }), bucket: 'warehouse-tests' };
  await store.client.send(new CreateBucketCommand({ Bucket: store.bucket }));
  return {
    aws,
    redshift,
    store,
    client: new RedshiftDataClient(aws.client),
    copyRole: await newCopyRole(aws, store.bucket),
    stop: async () => {
      await aws.stop();
      await redshift.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A role that Redshift may take on to read a bucket: docs/redshift.md has the same two documents. */
export async function newCopyRole(aws: Pick<EmbeddedAws, 'client'>, bucket: string): Promise<string> {
  const iam = new IAMClient(aws.client);
  const { Role } = await iam.send(
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
  return Role?.Arn ?? '';
}
