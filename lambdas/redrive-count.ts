import { DescribeExecutionCommand, type SFNClient } from '@aws-sdk/client-sfn';

/**
 * Returns how often an execution was redriven. It asks Step Functions, because the context object contains the number
 * only in redriven executions.
 *
 * @throws the error that Step Functions answers.
 */
export async function redriveCountOf(client: SFNClient, executionArn: string): Promise<number> {
  const { redriveCount = 0 } = await client.send(
    new DescribeExecutionCommand({ executionArn, includedData: 'METADATA_ONLY' }),
  );
  return redriveCount;
}
