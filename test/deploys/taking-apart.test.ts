import { join } from 'node:path';
import { CloudFormationClient, ListStacksCommand } from '@aws-sdk/client-cloudformation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployStack, type LocalSettings } from '#local/deploy.ts';
import { readRequests } from '#local/embedded/request-log.ts';
import { SLOTS_PREFIX } from '#run/keys.ts';
import { listKeys } from '#run/store.ts';
import { type DeployedAws, deployedAws } from '#test/helpers/deployed.ts';
import { destroyStack } from '#test/helpers/destroy.ts';
import { startTestAws } from '#test/helpers/embedded-aws.ts';
import { csvNamed, startWeb, type Web } from '#test/helpers/web.ts';
import { endsOfResources, whatIsThere } from '#test/helpers/what-is-there.ts';
import { workerProcesses } from '#test/helpers/worker-processes.ts';

let aws: Awaited<ReturnType<typeof startTestAws>>;
let web: Web;
let settings: Record<'First' | 'Second', LocalSettings>;
/** Both stand in one account and region, as a person makes them: the same settings but for the stack's name. */
let first: Deployed;
let second: Deployed;
let hold = true;

type Deployed = ReturnType<typeof deployedAws>;

/** What was there before the first deploy, and after it. */
let before: string[];
let withFirst: string[];

const deploy = async (name: 'First' | 'Second') => {
  const folder = join(aws.folder, `deploy-${name}`);
  const outputs = await deployStack(aws, { folder, settings: settings[name], base: {} });
  return deployedAws({ client: aws.client, requestsFile: aws.requestsFile, outputs } satisfies DeployedAws);
};

beforeAll(async () => {
  aws = await startTestAws();
  web = await startWeb((request, response) => {
    if (request.url === '/robots.txt') return void response.writeHead(404).end();
    if (request.url !== '/held') return void response.writeHead(200).end(csvNamed(request.url ?? ''));
    const release = setInterval(() => {
      if (hold) return;
      clearInterval(release);
      response.writeHead(200, { 'content-type': 'text/html' }).end('<title>held</title>');
    }, 50);
    response.once('close', () => clearInterval(release));
  });
  const both: LocalSettings = {
    'gate.intervalSeconds': 1,
    'gate.attempts': 900,
    'gate.mayEndBeforeItems': true,
    'workers.idleSeconds': 60,
    'sources.openRanges': ['127.0.0.0/8'],
    schedules: [
      {
        name: 'often',
        expression: 'rate(1 minute)',
        timeZone: 'UTC',
        input: { sources: [{ url: `${web.url}/{HH}{mm}`, key: 'scheduled/{HH}{mm}.csv' }] },
      },
    ],
  };
  settings = {
    First: {
      ...both,
      stackName: 'First',
      'encryption.key': 'own',
      'alerts.email': 'on-call@example.org',
      'metrics.dashboard': true,
    },
    Second: { ...both, stackName: 'Second' },
  };
  before = await whatIsThere(aws);
  first = await deploy('First');
  withFirst = await whatIsThere(aws);
  second = await deploy('Second');
});
afterAll(async () => {
  await web?.stop();
  await aws?.stop();
});

/** Deploys of one account run the same input under the same id, so that whatever is shared gets in their way. */
const input = () => ({
  sources: [{ url: `${web.url}/table`, key: 'raw/table.csv' }],
  process: { processor: 'profile' },
});

describe('a second deployment beside the first', { tags: ['heavy'] }, () => {
  it('two deployments run at the same time under the same names, and neither uses resources of the other', async () => {
    const runs = await Promise.all([first.run(input(), 'same-id'), second.run(input(), 'same-id')]);
    for (const run of runs) {
      expect(run.items[0]?.failure).toBeUndefined();
      expect(run).toMatchObject({
        status: 'SUCCEEDED',
        manifest: { outcome: 'complete', counts: { items: 1, done: 1 } },
      });
      expect(run.items[0]?.result?.result).toMatchObject({ rows: 20 });
    }
    const requests = await readRequests(aws.requestsFile);
    const others: Record<string, RegExp> = {
      First: new RegExp(`${second.outputs.BucketName}|[:/]Second`),
      Second: new RegExp(`${first.outputs.BucketName}|[:/]First`),
    };
    for (const [name, other] of Object.entries(others)) {
      const own = requests.filter(({ role }) => role.startsWith(`${name}-`));
      expect(own.length).toBeGreaterThan(20);
      expect(own.filter(({ resource }) => other.test(resource))).toEqual([]);
    }
    expect(requests.filter(({ allowed }) => !allowed)).toEqual([]);
  });

  it('schedules of the same name start runs in both deployments, each in its own bucket', async () => {
    for (const { store } of [first, second]) {
      const slots = () => Array.fromAsync(listKeys(store, `${SLOTS_PREFIX}often/`));
      await expect.poll(async () => (await slots()).length, { interval: 500, timeout: 240_000 }).toBeGreaterThan(0);
    }
  });

  it('the option --stack chooses the deployment that a command uses', async () => {
    await second.run(input(), 'only-second');
    const listed = async (stack: string) => (await first.sluice('runs', '--stack', stack)).out;
    expect(await listed('Second')).toContain('only-second');
    expect(await listed('First')).not.toContain('only-second');
    const { code, err } = await first.sluice('status', 'only-second', '--stack', 'First');
    expect(code).not.toBe(0);
    expect(err).toContain('only-second');
  });
});

describe.runIf(process.platform === 'linux')('cdk destroy of two deployments', { tags: ['heavy'] }, () => {
  it('cdk destroy of the second deployment keeps its data, and does not affect a run of the first deployment', async () => {
    const work = {
      work: [
        { processor: 'scrape', name: 'held', input: { url: `${web.url}/held` }, options: { timeoutSeconds: 280 } },
      ],
    };
    const [kept, stopped] = await Promise.all([first.start(work, 'held'), second.start(work, 'held')]);
    await expect.poll(() => web.requests.filter((request) => request === 'GET /held').length).toBe(2);

    const { out } = await first.sluice('stop', '--stack', 'Second');
    expect(out).toContain('Run held is stopped.');
    expect(out).toMatch(/Nothing runs\.\n$/);
    expect((await second.end(stopped)).status).toBe('ABORTED');
    await destroyStack(aws, { settings: settings.Second, logFolder: join(aws.folder, 'destroy-Second') });
    const data = [`bucket ${second.outputs.BucketName}`];
    await expect.poll(() => whatIsThere(aws)).toEqual([...withFirst, ...data].sort());
    expect(Buffer.from(await second.bytesOf('raw/table.csv')).toString()).toBe(csvNamed('/table'));

    hold = false;
    expect(await first.end(kept)).toMatchObject({ status: 'SUCCEEDED', manifest: { outcome: 'complete' } });
    await expect.poll(() => workerProcesses(second.queue.url)).toEqual([]);
  });

  it('cdk destroy of the first deployment keeps the bucket, the key, and the service-linked role of ECS', async () => {
    await first.sluice('stop', '--stack', 'First');
    await destroyStack(aws, { settings: settings.First, logFolder: join(aws.folder, 'destroy-First') });
    const stays = withFirst.filter((name) => /^(bucket|key) |^role AWSServiceRoleFor/.test(name));
    expect(stays).toHaveLength(3);
    await expect
      .poll(() => whatIsThere(aws))
      .toEqual([...before, ...stays, `bucket ${second.outputs.BucketName}`].sort());
    const { StackSummaries = [] } = await new CloudFormationClient(aws.client).send(new ListStacksCommand({}));
    const { left } = await endsOfResources(
      aws,
      StackSummaries.find(({ StackName }) => StackName === 'First')?.StackId ?? '',
    );
    // The versions of a function go with the function.
    const types = new Set(left.map((resource) => resource.split(' ')[0]));
    expect(types).toEqual(new Set(['AWS::S3::Bucket', 'AWS::KMS::Key', 'AWS::Lambda::Version']));
    expect(Buffer.from(await first.bytesOf('raw/table.csv')).toString()).toBe(csvNamed('/table'));
  });
});
