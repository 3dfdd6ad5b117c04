import { Fn, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { SluicePipeline, type SluicePipelineProps } from './sluice-pipeline.ts';

/** What a `SluiceStack` takes: the properties of a stack and those of a `SluicePipeline`. */
export interface SluiceStackProps extends StackProps, SluicePipelineProps {}

/** A stack that contains only one deployment of Sluice. */
export class SluiceStack extends Stack {
  /** The deployment. */
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
  /**
   * The first two zones of the region, which CloudFormation finds at the deploy. For a stack with an account and a
   * region, CDK would ask AWS at synth, and the build of a delivery has no permission for that.
   */
  override get availabilityZones(): string[] {
    return [0, 1].map((index) => Fn.select(index, Fn.getAzs()));
  }
}
