import { CloudWatchLogsClient, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestAws } from '#test/helpers/embedded-aws.ts';
import { createRole } from '#test/helpers/iam.ts';
import { createFunction } from '#test/helpers/lambda.ts';

const CALLS = 30;
/** The lines of a call are more than a pipe holds, and those of all calls fit in one answer of FilterLogEvents. */
const LINES = 200;
const TEXT = 'ü'.repeat(400);

let aws: Awaited<ReturnType<typeof startTestAws>>;
let Role: string;
beforeAll(async () => {
  aws = await startTestAws();
  Role = await createRole(aws.client, 'Function', 'lambda.amazonaws.com', [{ actions: ['logs:*'], resources: ['*'] }]);
});
afterAll(() => aws.stop());

async function linesOf(name: string): Promise<string[]> {
  const lines: string[] = [];
  const query = { logGroupName: `/aws/lambda/${name}` };
  for await (const { events = [] } of paginateFilterLogEvents(
    { client: new CloudWatchLogsClient(aws.client) },
    query,
  )) {
    lines.push(...events.map(({ message = '' }) => message));
  }
  return lines;
}

describe('the log of a function', () => {
  it('contains each line of each call, when many calls run at once', async () => {
    const handler = `async ({ call }) => {
      for (let n = 0; n < ${LINES}; n++) console.log('call ' + call + ' line ' + n + ' ${TEXT}');
    }`;
    await createFunction(aws.client, 'talks', handler, { Role, Timeout: 120 });
    const client = new LambdaClient({ ...aws.client, maxAttempts: 1 });
    const call = (id: number) =>
      client.send(new InvokeCommand({ FunctionName: 'talks', Payload: JSON.stringify({ call: id }) }));
    await Promise.all(Array.from({ length: CALLS }, (_, id) => call(id)));

    const told = new Set((await linesOf('talks')).filter((line) => line.startsWith('call ')));
    for (let id = 0; id < CALLS; id++) {
      const whole = Array.from({ length: LINES }, (_, n) => `call ${id} line ${n} ${TEXT}`);
      expect([id, whole.filter((line) => told.has(line)).length]).toEqual([id, LINES]);
    }
  });

  it('contains the lines of a call that reached its time limit', async () => {
    const handler = `async () => { console.log('before the end'); for (;;); }`;
    await createFunction(aws.client, 'hangs', handler, { Role, Timeout: 1 });
    await new LambdaClient(aws.client).send(new InvokeCommand({ FunctionName: 'hangs' }));
    expect(await linesOf('hangs')).toContain('before the end');
  });
});
