import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { S3JsonLItemReader } from 'aws-cdk-lib/aws-stepfunctions';
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
