import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { EmbeddedAws } from '#local/embedded/embedded-aws.ts';
import { startEmbeddedAws } from '#local/embedded/embedded-aws.ts';
import { COPY_ROLE_ARN, newCopyRole } from '#local/redshift/set-up.ts';
import { type RedshiftStandIn, startRedshiftStandIn } from '#local/redshift/stand-in.ts';
import type { Store } from '#run/store.ts';

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
  await newCopyRole(aws, store.bucket);
  return {
    aws,
    redshift,
    store,
    client: new RedshiftDataClient(aws.client),
    copyRole: COPY_ROLE_ARN,
    stop: async () => {
      await aws.stop();
      await redshift.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
