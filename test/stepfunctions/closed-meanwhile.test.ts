import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmbeddedAws } from '#local/embedded/embedded-aws.ts';
import { startTestAws } from '#test/helpers/embedded-aws.ts';
import { createRole } from '#test/helpers/iam.ts';
import { createFunction } from '#test/helpers/lambda.ts';
import { definitionOf, synthesise } from '#test/lib/synthesise.ts';

let aws: EmbeddedAws;
let functionArn: string;
let roleArn: string;
beforeAll(async () => {
  aws = await startTestAws();
  const functionRole = await createRole(aws.client, 'Replacement', 'lambda.amazonaws.com', []);
  // The first call of DoneState finds the run closed by the event about the stopped execution, as `finishRun` reports
  // it.
  const handler = `async (payload) => {
    if (payload.of === undefined) return { payload };
    globalThis.calls = (globalThis.calls ?? 0) + 1;
    return globalThis.calls === 1
      ? { outcome: 'reopened', broken: true }
      : { outcome: 'complete', manifest: 'manifest.json', broken: false };
  }`;
  functionArn = await createFunction(aws.client, 'replacement', handler, { Role: functionRole });
  roleArn = await createRole(aws.client, 'ClosedMeanwhile', 'states.amazonaws.com', [
    { actions: ['lambda:InvokeFunction'], resources: [functionArn] },
  ]);
});
afterAll(() => aws.stop());

describe('an execution that was stopped in DoneState, whose run was closed meanwhile, and that was redriven', () => {
  it('an execution whose run was closed meanwhile passes BrokenState with an error of its own, and continues at the gate until it ends in order', async () => {
    const { States } = definitionOf(synthesise());
    const first = ['DoneState', 'EndedInOrder', 'ClosedMeanwhile', 'BrokenState', 'GoOn'];
    // The gate and the closing, whose functions need a run, are replaced by the answer of the closing.
    const gate = { Type: 'Pass', Result: { runId: 'r', of: 1, pieces: [] }, ResultPath: '$.end', Next: 'DoneState' };
    const end = { Type: 'Succeed' };
    const taken = Object.fromEntries(first.map((name) => [name, States[name]]));
    const definition = JSON.stringify({
      StartAt: 'DoneState',
      States: { ...taken, GatekeeperState: gate, SweepState: end, Ingest: end, Reconcile: end },
    }).replaceAll(/arn:aws:lambda:[^"]+/g, functionArn);
    const sfn = new SFNClient(aws.client);
    const { stateMachineArn = '' } = await sfn.send(
      new CreateStateMachineCommand({ name: 'closed-meanwhile', definition, roleArn }),
    );
    // The input of DoneState when no state of the execution has broken: it has no $.error and no $.broke.
    const input = JSON.stringify({ runId: 'r', end: { runId: 'r', of: 1, pieces: [] } });
    const { executionArn = '' } = await sfn.send(new StartExecutionCommand({ stateMachineArn, input }));
    const describeIt = () => sfn.send(new DescribeExecutionCommand({ executionArn }));
    await expect.poll(async () => (await describeIt()).status).not.toBe('RUNNING');
    const { events = [] } = await sfn.send(new GetExecutionHistoryCommand({ executionArn }));
    expect(events.flatMap(({ stateEnteredEventDetails: entered }) => entered?.name ?? [])).toEqual([
      ...first,
      'GatekeeperState',
      'DoneState',
      'EndedInOrder',
      'SweepState',
    ]);
    const { status, output = '{}' } = await describeIt();
    expect(status).toBe('SUCCEEDED');
    expect(JSON.parse(output)).toMatchObject({ error: { Error: 'RunClosedError' } });
  });
});
