import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { SluicePipeline } from 'sluice/constructs';

const app = new App();
const stack = new Stack(app, 'Vendor');
const pipeline = new SluicePipeline(stack, 'Sluice', {
  settings: {
    gate: { intervalSeconds: 30, attempts: 120 },
    workers: { parquet: false, processors: { 'count-lines': 'count-lines.ts' } },
  },
});
// Other resources of the stack can use the parts of the pipeline.
new CfnOutput(stack, 'Landed', { value: pipeline.bucket.s3UrlForObject('raw/') });
