import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { S3JsonLItemReader } from 'aws-cdk-lib/aws-stepfunctions';
import { RUNS_PREFIX } from '#run/keys.ts';

/**
 * Reads the plan's lines as the items of a Distributed Map. It grants permission to read only the records of runs;
 * CDK's own reader grants permission to read all objects.
 */
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
