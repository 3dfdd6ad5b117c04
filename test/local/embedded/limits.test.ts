import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestAws } from '#test/helpers/embedded-aws.ts';
import { createRole } from '#test/helpers/iam.ts';
import { createFunction } from '#test/helpers/lambda.ts';

let aws: Awaited<ReturnType<typeof startTestAws>>;
let Role: string;
beforeAll(async () => {
  process.env.SLUICE_SECRET_OF_THE_PERSON = 'hunter2';
  aws = await startTestAws();
  Role = await createRole(aws.client, 'Function', 'lambda.amazonaws.com', []);
});
afterAll(() => {
  delete process.env.SLUICE_SECRET_OF_THE_PERSON;
  return aws.stop();
});

async function invoke(name: string, event: unknown = {}) {
  const { FunctionError, Payload } = await new LambdaClient(aws.client).send(
    new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event) }),
  );
  return { error: FunctionError, answer: JSON.parse(Payload?.transformToString() ?? 'null') };
}

describe('a Lambda', () => {
  it('a Lambda is ended at its time limit', async () => {
    await createFunction(aws.client, 'slow', 'async () => { for (;;); }', { Role, Timeout: 1 });
    const { error, answer } = await invoke('slow');
    expect(error).toBeDefined();
    expect(answer).toMatchObject({ errorType: 'Sandbox.Timedout', errorMessage: 'Task timed out after 1.00 seconds' });
  });

  it('a Lambda has the heap for its memory, and ends if it needs more', async () => {
    const handler = `async ({ mib }) => {
      const kept = [];
      for (let n = 0; n < mib; n++) kept.push(Array.from({ length: 131_072 }, (_, i) => i + 0.5));
      return process.execArgv;
    }`;
    await createFunction(aws.client, 'heap', handler, { Role, MemorySize: 128, Timeout: 60 });
    expect((await invoke('heap', { mib: 1 })).answer).toEqual(['--max-semi-space-size=6', '--max-old-space-size=116']);
    const { error, answer } = await invoke('heap', { mib: 400 });
    expect(error).toBeDefined();
    expect(answer).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringMatching(/^RequestId: .* Error: Runtime exited with error: signal: aborted/),
    });
  });

  it("a Lambda's error contains its exit code", async () => {
    await createFunction(aws.client, 'exits', 'async () => process.exit(3)', { Role });
    expect((await invoke('exits')).answer).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringContaining('Runtime exited with error: exit status 3'),
    });
  });

  it('a Lambda fails if it leaves more than 512 MB of temporary files', async () => {
    const handler = `async ({ mib }) => {
      const { open } = await import('node:fs/promises');
      const { tmpdir } = await import('node:os');
      const file = await open(tmpdir() + '/large', 'w');
      await file.truncate(mib * 1_048_576);
      await file.close();
      return tmpdir();
    }`;
    await createFunction(aws.client, 'files', handler, { Role });
    expect((await invoke('files', { mib: 512 })).error).toBeUndefined();
    expect((await invoke('files', { mib: 513 })).answer).toMatchObject({
      errorMessage: expect.stringContaining('ENOSPC: no space left on device'),
    });
  });

  it("a Lambda's answer is limited to 6 MB", async () => {
    await createFunction(aws.client, 'large', "async ({ length }) => 'x'.repeat(length)", { Role });
    expect((await invoke('large', { length: 6_291_554 })).error).toBeUndefined();
    expect((await invoke('large', { length: 6_291_555 })).answer).toMatchObject({
      errorType: 'Function.ResponseSizeTooLarge',
    });
  });

  it('a Lambda has its own environment, without variables of the person or the launcher', async () => {
    const Environment = { Variables: { COLOUR: 'blue' } };
    await createFunction(aws.client, 'environment', 'async () => process.env', { Role, Environment });
    const { answer } = await invoke('environment');
    expect(answer).toMatchObject({
      COLOUR: 'blue',
      AWS_REGION: aws.region,
      AWS_ENDPOINT_URL: aws.endpoint,
      TZ: ':UTC',
    });
    const others = Object.keys(answer).filter((name) => !/^_?(AWS|LAMBDA|MINISTACK)_/.test(name));
    expect(others.sort()).toEqual(['COLOUR', 'LANG', 'PATH', 'TMPDIR', 'TZ']);
    expect(answer.AWS_ACCESS_KEY_ID).not.toBe(aws.client.credentials.accessKeyId);
    expect(JSON.stringify(answer)).not.toContain(aws.client.credentials.secretAccessKey);
  });
});

describe('between states', () => {
  const LIMIT = 262_144;
  /** Runs a state machine of these states to its end. */
  async function run(name: string, states: Record<string, object>, input: unknown = {}) {
    const sfn = new SFNClient(aws.client);
    const all = { actions: ['lambda:InvokeFunction'], resources: ['*'] };
    const roleArn = await createRole(aws.client, name, 'states.amazonaws.com', [all]);
    const definition = JSON.stringify({ StartAt: Object.keys(states)[0], States: states });
    const { stateMachineArn } = await sfn.send(new CreateStateMachineCommand({ name, definition, roleArn }));
    const start = new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) });
    const { executionArn } = await sfn.send(start);
    return vi.waitFor(
      async () => {
        const found = await sfn.send(new DescribeExecutionCommand({ executionArn }));
        expect(found.status).not.toBe('RUNNING');
        return found;
      },
      { timeout: 180_000, interval: 100 },
    );
  }
  const pass = (length: number) => ({ Type: 'Pass', Result: 'x'.repeat(length), End: true });

  it('a state passes at most 256 KiB to the next state', async () => {
    expect(await run('fits', { Pass: pass(LIMIT - 2) })).toMatchObject({ status: 'SUCCEEDED' });
    expect(await run('not', { Pass: pass(LIMIT - 1) })).toMatchObject({
      status: 'FAILED',
      error: 'States.DataLimitExceeded',
      cause: expect.stringContaining("'Pass'"),
    });
  });

  it('a task whose answer is larger than 256 KiB fails, even with a Catch for all errors', async () => {
    const arn = await createFunction(aws.client, 'much', `async () => 'x'.repeat(${LIMIT})`, { Role });
    const task = { Type: 'Task', Resource: arn, End: true, ResultPath: null };
    const caught = { ...task, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }] };
    expect(await run('tasks', { Task: caught, Done: { Type: 'Succeed' } })).toMatchObject({
      error: 'States.DataLimitExceeded',
    });
  });

  it('an execution accepts no input of more than 256 KiB', async () => {
    await expect(run('input', { Pass: pass(1) }, 'x'.repeat(LIMIT))).rejects.toThrow(/less than or equal to 262144/);
  });
});
