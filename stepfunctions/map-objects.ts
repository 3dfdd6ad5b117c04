import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { ResultWriterV2, S3JsonLItemReader } from 'aws-cdk-lib/aws-stepfunctions';
import { RUNS_PREFIX } from '#run/keys.ts';

/** The plan's lines as a Distributed Map's items. It may read runs' records, where CDK's own may read all objects. */
export class PlanLines extends S3JsonLItemReader {
  override providePolicyStatements(): PolicyStatement[] {
    return [
      new PolicyStatement({
        actions: ['s3:GetObject'],
        resources: [this.bucket.arnForObjects(`${RUNS_PREFIX}*/plan.jsonl`)],
      }),
    ];
  }
}

/** Where a Distributed Map writes what came of its children, within the run's records. */
export class MapResults extends ResultWriterV2 {
  override providePolicyStatements(): PolicyStatement[] {
    return [
      new PolicyStatement({
        actions: ['s3:PutObject', 's3:GetObject', 's3:ListMultipartUploadParts', 's3:AbortMultipartUpload'],
        resources: this.bucket === undefined ? [] : [`${this.bucket.bucketRef.bucketArn}/${RUNS_PREFIX}*/map/*`],
      }),
    ];
  }
}
