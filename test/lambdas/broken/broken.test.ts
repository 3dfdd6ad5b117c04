import { beforeEach, describe, expect, it } from 'vitest';
import { endBroken } from '#lambdas/broken/broken.ts';
import { closeBroken } from '#lambdas/close-run/close-run.ts';
import { readClosing } from '#run/end/closing.ts';
import { finishRun } from '#run/end/finish.ts';
import { latestRedrive } from '#run/end/reopen.ts';
import { runKeys } from '#run/keys.ts';
import { isClosed } from '#run/ledger/ledger.ts';
import { type Store, writeJson } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { sourceNamed, writePlan } from '#test/helpers/run.ts';

const aws = useEmbeddedAws();
const error = {
  Error: 'CheckFailedError',
  Cause: JSON.stringify({ errorType: 'CheckFailedError', errorMessage: 'the page answers 500' }),
};
let store: Store;

beforeEach(async () => {
  store = await aws.store();
  const plan = await writePlan(store, 'r', [sourceNamed('a')]);
  const { runId, executionArn, startedAt } = plan;
  await writeJson(store, runKeys('r').claim, { v: 1, runId, executionArn, startedAt });
  await closeBroken(store, { executionArn, name: 'r', redriveCount: 0, status: 'FAILED', error: error.Error });
  await finishRun(store, plan);
});

async function ends(redriveCount: number): Promise<void> {
  const closedAtRedrive = (await readClosing(store, 'r'))?.execution?.redriveCount;
  await endBroken(store, 'r', error, { closedAtRedrive, redriveCount });
}

describe('the last state of an execution that broke', () => {
  it('BrokenState fails with the name and the message of the original error, however often it is called', async () => {
    for (let call = 0; call < 2; call++) {
      await expect(ends(0)).rejects.toMatchObject({ name: 'CheckFailedError', message: 'the page answers 500' });
    }
    expect(await isClosed(store, 'r')).toBe(true);
  });

  it('BrokenState opens the run again if the execution was redriven, and records the redrive', async () => {
    await ends(1);
    expect(await isClosed(store, 'r')).toBe(false);
    expect(await latestRedrive(store, 'r')).toBe(1);
    // ReopenRun, by its event, may have been faster; or a retry comes once more.
    await ends(1);
    expect(await isClosed(store, 'r')).toBe(false);
  });

  it('BrokenState throws no name that is reserved for Step Functions', async () => {
    const own = { Error: 'States.ItemReaderFailed', Cause: 'no such object' };
    await expect(endBroken(store, 'r', own, { closedAtRedrive: 0, redriveCount: 0 })).rejects.toMatchObject({
      name: 'StepFunctions.ItemReaderFailed',
      message: 'no such object',
    });
  });
});
