import { type CloudFormationClient, DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation';
import { z } from 'zod';

/** Where a deployment keeps its runs. */
export interface Deployment {
  readonly stateMachineArn: string;
  readonly bucket: string;
  /** Where its workers run. */
  readonly cluster: string;
}

/** The stack does not exist in this account and region, or Sluice has not deployed it. */
export class NoDeploymentError extends Error {
  override readonly name = 'NoDeploymentError';
}

/**
 * Finds a deployment by the outputs of its stack.
 *
 * @throws NoDeploymentError with the name and the region of the stack.
 */
export async function findDeployment(client: CloudFormationClient, stackName: string): Promise<Deployment> {
  const region = await client.config.region();
  const stack = await describeStack(client, stackName);
  const outputs = new Map(stack.Outputs?.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
  const stateMachineArn = outputs.get('StateMachineArn');
  const bucket = outputs.get('BucketName');
  const cluster = outputs.get('ClusterName');
  if (stateMachineArn === undefined || bucket === undefined || cluster === undefined) {
    throw new NoDeploymentError(
      `the stack "${stackName}" in ${region} does not belong to Sluice: it lacks Sluice's outputs`,
    );
  }
  return { stateMachineArn, bucket, cluster };
}

/** The output of a stack that describes its warehouse. */
const warehouseOutput = z.object({
  workgroup: z.string().optional(),
  cluster: z.string().optional(),
  database: z.string(),
});

/** The warehouse that a deployment loads into; undefined if it has none. @throws NoDeploymentError */
export async function findWarehouse(client: CloudFormationClient, stackName: string) {
  const stack = await describeStack(client, stackName);
  const output = stack.Outputs?.find(({ OutputKey }) => OutputKey === 'Warehouse')?.OutputValue;
  return output === undefined ? undefined : warehouseOutput.parse(JSON.parse(output));
}

/** @throws NoDeploymentError if there is no such stack. */
export async function describeStack(client: CloudFormationClient, stackName: string): Promise<Partial<Stack>> {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stackName }));
    return Stacks[0] ?? {};
  } catch (error) {
    // CloudFormation has no error of its own for this.
    if (!(error instanceof Error && error.name === 'ValidationError' && /does not exist/.test(error.message)))
      throw error;
    throw new NoDeploymentError(`there is no stack "${stackName}" in ${await client.config.region()}`);
  }
}

/** Returns the ARN of a run's execution; an ARN given instead of a run id is returned unchanged. */
export function executionArnOf({ stateMachineArn }: Deployment, run: string): string {
  return run.startsWith('arn:') ? run : `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${run}`;
}
