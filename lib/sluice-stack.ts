import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { SluicePipeline, type SluicePipelineProps } from './sluice-pipeline.ts';

export interface SluiceStackProps extends StackProps, SluicePipelineProps {}

/** A stack that contains only one deployment of Sluice. */
export class SluiceStack extends Stack {
  readonly pipeline: SluicePipeline;

  constructor(scope: Construct, id: string, { settings, workerProgram, entries, ...props }: SluiceStackProps = {}) {
    super(scope, id, props);
    // The id 'Default' adds nothing to the logical ids of the resources inside.
    this.pipeline = new SluicePipeline(this, 'Default', {
      ...(settings && { settings }),
      ...(workerProgram && { workerProgram }),
      ...(entries && { entries }),
    });
  }
}
