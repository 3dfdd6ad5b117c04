import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { closeInOrder } from '#lambdas/close-run/close-run.ts';
import { settingsSchema } from '#lib/settings/settings.ts';
import { manifestSchema } from '#run/end/manifest.ts';
import { runKeys } from '#run/keys.ts';
import { gateRecordSchema } from '#run/ledger/gate-record.ts';
import { groupsAsVariables } from '#run/settings/groups.ts';
import { readJson, type Store } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { type FakeEcs, type StoppedTask, startFakeEcs } from '#test/helpers/fake-ecs.ts';
import { DEFAULT_DEPLOYMENT } from '#test/helpers/page-samples.ts';
import { sourceNamed, textOf, writePlan } from '#test/helpers/run.ts';

const aws = useEmbeddedAws();
let store: Store;

beforeAll(async () => {
  store = await aws.store();
  const [queue, deadLetters] = [await aws.queue(), await aws.queue()];
  const { endpoint, region, credentials } = aws.client();
  const variables = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    SLUICE_BUCKET: store.bucket,
    SLUICE_QUEUE_URL: queue.url,
    SLUICE_DEAD_LETTER_QUEUE_URL: deadLetters.url,
    SLUICE_CHECKS: 'Sluice-check-',
    SLUICE_CLUSTER: 'c',
    SLUICE_DEPLOYMENT: 'Sluice',
    SLUICE_TASK_FAMILY: 'workers',
    SLUICE_SUBNETS: 'subnet-1',
    SLUICE_SECURITY_GROUPS: 'sg-1',
    SLUICE_ASSIGN_PUBLIC_IP: 'true',
    ...groupsAsVariables(settingsSchema.parse({ workers: { itemsPerWorker: 1 } }), 'workers', 'sources', 'metrics'),
    // For DoneState.
    SLUICE_PRICED: JSON.stringify(DEFAULT_DEPLOYMENT),
    SLUICE_KEEP_DAYS: '90',
    SLUICE_SPEND_ALERT: 'false',
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
});
afterAll(() => vi.unstubAllEnvs());

let ecs: FakeEcs | undefined;
afterEach(async () => {
  await ecs?.stop();
  vi.resetModules();
});

const interrupted: StoppedTask = {
  stopCode: 'SpotInterruption',
  stoppedReason: 'Your Spot Task was interrupted.',
  capacityProviderName: 'FARGATE_SPOT',
};

describe("the gatekeeper's function", () => {
  it.each([
    [
      'that no room is left',
      {},
      ['worker-not-started: a worker could not be started: Capacity is unavailable at this time'],
    ],
    [
      'that Spot took a worker back, and no room is left on demand either',
      { stopped: [interrupted] },
      [
        'worker-interrupted: a worker was interrupted: Your Spot Task was interrupted.',
        'worker-not-started: a worker could not be started: Capacity is unavailable at this time',
      ],
    ],
    [
      'that a worker does not start',
      {
        room: { FARGATE_SPOT: 10 },
        stopped: [{ stopCode: 'TaskFailedToStart', stoppedReason: 'CannotPullContainerError: no such image' }],
      },
      ['worker-not-started: a worker could not be started: CannotPullContainerError: no such image'],
    ],
  ])("passes ECS's message %s on to the progress, gate.json, the manifest and the report", async (what, has, words) => {
    ecs = await startFakeEcs(has);
    vi.stubEnv('AWS_ENDPOINT_URL_ECS', ecs.url);
    const runId = what.replaceAll(/\W/g, '-');
    await writePlan(store, runId, [sourceNamed('a'), sourceNamed('b')]);
    const { handler: gatekeeper } = await import('#lambdas/gatekeeper/handler.ts');
    const { handler: done } = await import('#lambdas/done/handler.ts');

    const look = gatekeeper({ runId, force: false });
    await expect(look).rejects.toMatchObject({
      name: 'NotReadyError',
      message: expect.stringMatching(new RegExp(`^0 of 2 done.*; ${words.join('; ')}$`)),
    });
    const notes = words.map((word) => {
      const [code = '', ...detail] = word.split(': ');
      return { code, detail: detail.join(': '), type: `docs/errors.md#${code}`, logs: `npx sluice logs ${runId}` };
    });
    expect((await readJson(store, runKeys(runId).gate, gateRecordSchema))?.problems).toMatchObject(notes);

    const gate = await gatekeeper({ runId, force: true, late: {} });
    const { of } = await closeInOrder(store, runId, { forced: gate.forced, reason: gate.reason });
    await done({ runId, of });
    const manifest = await readJson(store, runKeys(runId).manifest, manifestSchema);
    expect(manifest?.notes).toMatchObject(notes);
    expect(manifest?.notes.find(({ code }) => code === 'worker-interrupted')?.worker).toBe(
      what.includes('Spot') ? 't-0' : undefined,
    );
    expect(manifest?.dollars).toBeGreaterThan(0);
    const report = await textOf(store, runKeys(runId).report);
    for (const word of words) expect(report).toContain(word);
  });
});
