import {
  CreateStateMachineCommand,
  ListExecutionsCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type StateMachines, sweep } from '#lambdas/sweep/sweep.ts';
import { runKeys } from '#run/keys.ts';
import { type Store, writeJson } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { createRole } from '#test/helpers/iam.ts';
import { endRun, sourceNamed, writePlan } from '#test/helpers/run.ts';

const aws = useEmbeddedAws();
let store: Store;
let sfn: SFNClient;
let machines: StateMachines;

/** A state machine whose executions fail at once, and one whose executions wait. */
beforeEach(async () => {
  store = await aws.store();
  sfn = new SFNClient(aws.client());
  const roleArn = await createRole(aws.client(), crypto.randomUUID(), 'states.amazonaws.com', []);
  const create = async (state: object) => {
    const { stateMachineArn = '' } = await sfn.send(
      new CreateStateMachineCommand({
        name: crypto.randomUUID(),
        roleArn,
        definition: JSON.stringify({ StartAt: 'Only', States: { Only: state } }),
      }),
    );
    return stateMachineArn;
  };
  machines = {
    runs: await create({ Type: 'Fail', Error: 'Broken' }),
    closeRun: await create({ Type: 'Wait', Seconds: 1, End: true }),
  };
});

/** A run whose execution fails. */
async function failedRun(runId: string) {
  const { executionArn = '' } = await sfn.send(
    new StartExecutionCommand({ stateMachineArn: machines.runs, name: runId, input: '{}' }),
  );
  const plan = await writePlan(store, runId, [sourceNamed('a')], { executionArn });
  await writeJson(store, runKeys(runId).claim, { v: 1, runId, executionArn, startedAt: plan.startedAt });
  await vi.waitUntil(
    async () => {
      const query = { stateMachineArn: machines.runs, statusFilter: 'FAILED' } as const;
      const { executions = [] } = await sfn.send(new ListExecutionsCommand(query));
      return executions.some(({ name }) => name === runId);
    },
    { timeout: 180_000 },
  );
  return plan;
}

const later = () => new Date(Date.now() + 3_600_000);

describe('a sweep', () => {
  it('a sweep closes the runs that have ended and were not closed, each once', async () => {
    const open = await failedRun(crypto.randomUUID());
    const closed = await failedRun(crypto.randomUUID());
    await endRun(store, closed, { forced: true, reason: 'late' });
    expect(await sweep(store, sfn, machines, later())).toEqual([open.runId]);
    const query = { stateMachineArn: machines.closeRun };
    expect((await sfn.send(new ListExecutionsCommand(query))).executions).toHaveLength(1);
  });

  it('a sweep does not close a run whose end EventBridge may still report', async () => {
    await failedRun(crypto.randomUUID());
    expect(await sweep(store, sfn, machines)).toEqual([]);
  });

  it('a sweep ignores an execution without a run, because its Plan refused the input', async () => {
    const runId = crypto.randomUUID();
    await failedRun(runId);
    await writeJson(store, runKeys(runId).claim, {
      v: 1,
      runId,
      executionArn: 'arn:of:another',
      startedAt: '2026-11-24T01:00:00.000Z',
    });
    expect(await sweep(store, sfn, machines, later())).toEqual([]);
  });
});
