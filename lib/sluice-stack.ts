import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { SluicePipeline, type SluicePipelineProps } from './sluice-pipeline.ts';

export interface SluiceStackProps extends StackProps, SluicePipelineProps {}

/** A stack with nothing but one deployment of Sluice. */
export class SluiceStack extends Stack {
  readonly pipeline: SluicePipeline;

  constructor(scope: Construct, id: string, { settings, workerProgram, entries, ...props }: SluiceStackProps = {}) {
    super(scope, id, props);
    // 'Default' adds nothing to the logical ids of what is inside.
    this.pipeline = new SluicePipeline(this, 'Default', {
      ...(settings && { settings }),
      ...(workerProgram && { workerProgram }),
      ...(entries && { entries }),
    });
  }
}
