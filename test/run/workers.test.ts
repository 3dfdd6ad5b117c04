import { ECSClient } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import { ensureWorkers, type Fleet } from '#run/workers.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';

interface RunTaskCall {
  readonly count: number;
  readonly taskDefinition: string;
  readonly clientToken: string;
  readonly capacityProviderStrategy: readonly { readonly capacityProvider: string }[];
}

let web: Web;
afterEach(() => web.stop());

/** ECS as it answers over the wire: so many tasks run, and each provider has room for so many more. */
async function ecsWith(running: number, room: Record<string, number>, exception?: string) {
  const calls: RunTaskCall[] = [];
  const tasks = (count: number) => Array.from({ length: count }, (_, n) => `arn:aws:ecs:eu-central-1:1:task/c/${n}`);
  web = await startWeb(async (request, response) => {
    const body = JSON.parse(Buffer.concat(await Array.fromAsync(request)).toString()) as RunTaskCall;
    const respond = (status: number, answer: object) =>
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer));
    if (String(request.headers['x-amz-target']).endsWith('.ListTasks'))
      return respond(200, { taskArns: tasks(running) });
    calls.push(body);
    const provider = body.capacityProviderStrategy[0]?.capacityProvider ?? '';
    if (exception !== undefined && provider === 'FARGATE_SPOT') {
      return respond(400, { __type: 'ClientException', message: exception });
    }
    const started = Math.min(body.count, room[provider] ?? 0);
    room[provider] = (room[provider] ?? 0) - started;
    return respond(200, {
      tasks: tasks(started).map((taskArn) => ({ taskArn })),
      failures: started < body.count ? [{ reason: 'Capacity is unavailable at this time' }] : [],
    });
  });
  const client = new ECSClient({
    endpoint: web.url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  const fleet: Fleet = {
    client,
    cluster: 'c',
    taskFamily: 'workers',
    subnets: ['subnet-1'],
    securityGroups: ['sg-1'],
    assignPublicIp: true,
    max: 25,
    itemsPerWorker: 10,
    spot: true,
  };
  return { fleet, calls };
}

const asked = (calls: readonly RunTaskCall[]) =>
  calls.map((call) => [call.capacityProviderStrategy[0]?.capacityProvider, call.count]);

describe('ensureWorkers', () => {
  it('starts the difference between what runs and what the work needs', async () => {
    const { fleet, calls } = await ecsWith(1, { FARGATE_SPOT: 100 });
    expect(await ensureWorkers(fleet, 35, 'look')).toEqual({ workers: 4, started: 3, problems: [] });
    expect(asked(calls)).toEqual([['FARGATE_SPOT', 3]]);
    expect(calls[0]?.taskDefinition).toBe('workers');
  });

  it('starts none where enough run, or nothing is left to do', async () => {
    const { fleet, calls } = await ecsWith(2, { FARGATE_SPOT: 100 });
    expect(await ensureWorkers(fleet, 20, 'look')).toMatchObject({ workers: 2, started: 0 });
    expect(await ensureWorkers(fleet, 0, 'look')).toMatchObject({ started: 0 });
    expect(calls).toEqual([]);
  });

  it('asks for ten at most in one call, and for no more than the limit in all', async () => {
    const { fleet, calls } = await ecsWith(0, { FARGATE_SPOT: 100 });
    expect(await ensureWorkers(fleet, 1_000_000, 'look')).toMatchObject({ started: 25 });
    expect(asked(calls).map(([, count]) => count)).toEqual([10, 10, 5]);
    expect(new Set(calls.map((call) => call.clientToken)).size).toBe(3);
  });

  it('takes on-demand tasks for those that Spot has no room for', async () => {
    const { fleet, calls } = await ecsWith(0, { FARGATE_SPOT: 1, FARGATE: 100 });
    expect(await ensureWorkers(fleet, 40, 'look')).toEqual({ workers: 4, started: 4, problems: [] });
    expect(asked(calls)).toEqual([
      ['FARGATE_SPOT', 4],
      ['FARGATE', 3],
    ]);
  });

  it("says in ECS's own words what could not be started", async () => {
    const { fleet } = await ecsWith(0, { FARGATE_SPOT: 1, FARGATE: 1 });
    expect(await ensureWorkers(fleet, 40, 'look')).toEqual({
      workers: 2,
      started: 2,
      problems: ['a worker could not be started: Capacity is unavailable at this time'],
    });
  });

  it('takes a quota that ECS tells by an exception as a shortage too, and any other exception as an error', async () => {
    const quota = await ecsWith(
      0,
      { FARGATE: 100 },
      "You've reached the limit on the number of vCPUs you can run concurrently",
    );
    expect(await ensureWorkers(quota.fleet, 20, 'look')).toMatchObject({ started: 2, problems: [] });
    await web.stop();
    const broken = await ecsWith(0, {}, 'TaskDefinition not found.');
    await expect(ensureWorkers(broken.fleet, 20, 'look')).rejects.toThrow('TaskDefinition not found.');
  });
});
