import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  RedriveExecutionCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '#cli/follow/run-events.ts';
import { watchExecution } from '#cli/follow/watch-execution.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { createRole } from '#test/helpers/iam.ts';
import { createFunction } from '#test/helpers/lambda.ts';

const aws = useEmbeddedAws();
let sfn: SFNClient;
let functionArn: string;
let functionRole: string;
beforeAll(async () => {
  sfn = new SFNClient(aws.client());
  functionRole = await createRole(aws.client(), 'RedrivenFunction', 'lambda.amazonaws.com', []);
  // The first call of each name fails.
  const handler = `async ({ name, ...input }) => {
    globalThis.seen ??= new Set();
    if (globalThis.seen.has(name)) return { ...input, again: true };
    globalThis.seen.add(name);
    throw Object.assign(new Error('the first call breaks'), { name: 'BrokeError' });
  }`;
  functionArn = await createFunction(aws.client(), 'redriven', handler, { Role: functionRole });
});

async function start(name: string, states: Record<string, object>): Promise<{ arn: string; machine: string }> {
  const definition = JSON.stringify({ StartAt: Object.keys(states)[0], States: states });
  const grants = [{ actions: ['lambda:InvokeFunction'], resources: [functionArn] }];
  const roleArn = await createRole(aws.client(), name, 'states.amazonaws.com', grants);
  const { stateMachineArn = '' } = await sfn.send(new CreateStateMachineCommand({ name, definition, roleArn }));
  const { executionArn = '' } = await sfn.send(
    new StartExecutionCommand({ stateMachineArn, input: JSON.stringify({ name }) }),
  );
  return { arn: executionArn, machine: stateMachineArn };
}

const describeExecution = (executionArn: string) => sfn.send(new DescribeExecutionCommand({ executionArn }));
const statusOf = async (arn: string) => (await describeExecution(arn)).status;
const redrive = (executionArn: string) => sfn.send(new RedriveExecutionCommand({ executionArn }));

async function statesOf(executionArn: string): Promise<(string | undefined)[]> {
  const { events = [] } = await sfn.send(new GetExecutionHistoryCommand({ executionArn }));
  return events
    .map(({ type, stateEnteredEventDetails }) => (type === 'ExecutionRedriven' ? type : stateEnteredEventDetails?.name))
    .filter((name) => name !== undefined);
}

describe('RedriveExecution of the embedded AWS', () => {
  it('a redrive continues at the failed state, with its input', async () => {
    const { arn, machine } = await start('fails-once', {
      First: { Type: 'Pass', Result: 1, ResultPath: '$.first', Next: 'Breaks' },
      Breaks: { Type: 'Task', Resource: functionArn, Next: 'Last' },
      Last: { Type: 'Pass', End: true },
    });
    await expect.poll(() => statusOf(arn)).toBe('FAILED');
    await redrive(arn);
    await expect.poll(() => statusOf(arn)).toBe('SUCCEEDED');
    const { output = '', redriveCount, error } = await describeExecution(arn);
    expect({ output: JSON.parse(output), redriveCount, error }).toEqual({
      output: { first: 1, again: true },
      redriveCount: 1,
      error: undefined,
    });
    expect(await statesOf(arn)).toEqual(['First', 'Breaks', 'ExecutionRedriven', 'Breaks', 'Last']);
    const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn: machine }));
    expect(executions).toMatchObject([{ status: 'SUCCEEDED', redriveCount: 1 }]);
  });

  it('a redrive of a stopped execution leaves no earlier call running', async () => {
    const { arn } = await start('stopped-once', {
      Waits: { Type: 'Wait', Seconds: 2, Next: 'Last' },
      Last: { Type: 'Pass', End: true },
    });
    await expect.poll(() => statesOf(arn)).toEqual(['Waits']);
    await sfn.send(new StopExecutionCommand({ executionArn: arn }));
    await redrive(arn);
    await expect.poll(() => statusOf(arn)).toBe('SUCCEEDED');
    expect(await statesOf(arn)).toEqual(['Waits', 'ExecutionRedriven', 'Waits', 'Last']);
  });

  it('a redrive of a succeeded execution, or of one that does not exist, is refused', async () => {
    const { arn } = await start('succeeds', { Only: { Type: 'Pass', End: true } });
    await expect.poll(() => statusOf(arn)).toBe('SUCCEEDED');
    await expect(redrive(arn)).rejects.toMatchObject({ name: 'ExecutionNotRedrivable' });
    await expect(redrive(`${arn}-none`)).rejects.toMatchObject({ name: 'ExecutionDoesNotExist' });
  });
});

it('followRun watches a redriven execution to its last end, not to the end before the redrive', async () => {
  const { arn } = await start('watched-again', {
    Breaks: { Type: 'Task', Resource: functionArn, End: true },
  });
  await expect.poll(() => statusOf(arn)).toBe('FAILED');
  await redrive(arn);
  await expect.poll(() => statusOf(arn)).toBe('SUCCEEDED');
  const events: RunEvent[] = [];
  for await (const event of watchExecution(sfn, arn, { pollSeconds: 0.1 })) events.push(event);
  expect(events.map(({ kind }) => kind)).toEqual(['state', 'fault', 'state', 'ended']);
  expect(events.at(-1)).toMatchObject({ kind: 'ended', status: 'SUCCEEDED' });
});
