import { DescribeExecutionCommand, type SFNClient } from '@aws-sdk/client-sfn';

/**
 * How often an execution was redriven. Asked for, since the context object has it in redriven executions alone.
 *
 * @throws what Step Functions answers.
 */
export async function redriveCountOf(client: SFNClient, executionArn: string): Promise<number> {
  const { redriveCount = 0 } = await client.send(
    new DescribeExecutionCommand({ executionArn, includedData: 'METADATA_ONLY' }),
  );
  return redriveCount;
}
