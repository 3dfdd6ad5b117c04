import { CreateStateMachineCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { beforeAll, expect, it } from 'vitest';
import type { RunEvent } from '#cli/follow/run-events.ts';
import { watchExecution } from '#cli/follow/watch-execution.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { createRole } from '#test/helpers/iam.ts';

const aws = useEmbeddedAws();
let sfn: SFNClient;
beforeAll(() => {
  sfn = new SFNClient(aws.client());
});

async function start(name: string, states: Record<string, object>) {
  const definition = JSON.stringify({ StartAt: Object.keys(states)[0], States: states });
  const roleArn = await createRole(aws.client(), name, 'states.amazonaws.com', []);
  const { stateMachineArn } = await sfn.send(new CreateStateMachineCommand({ name, definition, roleArn }));
  const { executionArn = '' } = await sfn.send(new StartExecutionCommand({ stateMachineArn, input: '{}' }));
  return executionArn;
}

it('watchExecution reports every event of a running execution once, in order, up to its end', async () => {
  // More events than a page of the history holds, and a look in the middle of them.
  const passes = Array.from({ length: 60 }, (_, n): [string, object] => [
    `Pass${n}`,
    { Type: 'Pass', Next: n === 59 ? 'Wait' : `Pass${n + 1}` },
  ]);
  const arn = await start('watched', {
    ...Object.fromEntries(passes),
    Wait: { Type: 'Wait', Seconds: 1, Next: 'Late' },
    Late: { Type: 'Fail', Error: 'Late', Cause: 'items were missing' },
  });
  const events: RunEvent[] = [];
  for await (const event of watchExecution(sfn, arn, { pollSeconds: 0.1 })) events.push(event);
  const states = events.flatMap((event) => (event.kind === 'state' ? [event.state] : []));
  expect(states).toEqual([...passes.map(([name]) => name), 'Wait', 'Late']);
  expect(events.at(-1)).toMatchObject({
    kind: 'ended',
    status: 'FAILED',
    error: 'Late',
    message: 'items were missing',
  });
});

it('watchExecution stops watching when its signal aborts', async () => {
  const arn = await start('stopped', { Wait: { Type: 'Wait', Seconds: 600, End: true } });
  const stop = new AbortController();
  const watching = (async () => {
    for await (const event of watchExecution(sfn, arn, { pollSeconds: 0.1, signal: stop.signal })) {
      if (event.kind === 'state') setImmediate(() => stop.abort(new Error('enough')));
    }
  })();
  await expect(watching).rejects.toThrow();
});
