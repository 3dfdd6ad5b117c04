import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { beforeAll, expect, inject, it, vi } from 'vitest';
import { type RoleRequest, readRequests, refusalsIn } from '#local/embedded/request-log.ts';
import type { DeployedAws } from '#test/helpers/deployed.ts';
import { covers, type Grant, grantsOf, rolesOf, takeAway } from '#test/helpers/grants.ts';
import { ALL_DEPLOYMENTS } from '#test/helpers/setup/deployments.ts';
import { fetchShared } from '#test/helpers/setup/shared.ts';
import { NOT_ASKED_FOR, type NotAskedFor } from './not-asked-for.ts';

/**
 * Compares the grants of the stack's roles with their requests in all end-to-end tests. vitest runs this project after
 * those.
 */
const WHOLE = 'By itself this test has seen no run: "npx vitest run --project e2e --project grants".';

interface Deployment extends DeployedAws {
  readonly roles: ReadonlyMap<string, string>;
  readonly grants: readonly Grant[];
  readonly requests: readonly RoleRequest[];
}
let deployments: Deployment[];

beforeAll(async () => {
  const url = inject('deployedForTests');
  if (url === undefined) throw new Error(WHOLE);
  deployments = await Promise.all((await fetchShared<DeployedAws[]>(url, ALL_DEPLOYMENTS)).map(lookBack));
  if (deployments.length === 0) throw new Error(WHOLE);
});

async function lookBack(deployed: DeployedAws): Promise<Deployment> {
  const { client, outputs, requestsFile } = deployed;
  const roles = await rolesOf(client, outputs.StackName ?? 'Sluice');
  // The bucket has another name in each deployment.
  const unnamed = <T extends { resource: string }>(one: T): T => ({
    ...one,
    resource: one.resource.replace(outputs.BucketName, '<bucket>'),
  });
  // Requests of the CDK's own roles during the deploy, and of services in their own name, don't need grants of the
  // stack.
  const requests = (await readRequests(requestsFile)).flatMap((request) => {
    const role = roles.get(request.role);
    return role === undefined ? [] : [unnamed({ ...request, role })];
  });
  return { ...deployed, roles, requests, grants: (await grantsOf(client, roles)).map(unnamed) };
}

it('the embedded AWS refused no request of any test', () => {
  const refused = deployments.flatMap(({ requests }) => refusalsIn(requests));
  expect(refused, 'Grant it in lib/, with the action and the resource that it names.').toEqual([]);
});

it('the template grants every request of the tests', () => {
  const uncovered = deployments.flatMap(({ requests, grants }) =>
    requests.filter((request) => !grants.some((grant) => grant.role === request.role && covers(grant, request))),
  );
  expect(uncovered, 'The embedded AWS let it pass, and AWS would not: grant it in lib/.').toEqual([]);
});

// Only all end-to-end tests together use every grant, and npm test skips some of them.
it('every grant is used by a test, or has a recorded reason', { tags: ['heavy'] }, () => {
  const all = deployments.flatMap(({ requests }) => requests.filter(({ allowed }) => allowed));
  const granted = new Map(deployments.flatMap(({ grants }) => grants.map((grant) => [sentence(grant), grant])));
  const unasked = [...granted.values()].filter(
    (grant) => !all.some((request) => request.role === grant.role && covers(grant, request)),
  );
  const unexplained = unasked.filter((grant) => !NOT_ASKED_FOR.some((one) => explains(one, grant)));
  const todo = `Take the grant away in lib/, write an end-to-end test that needs it, or give its reason in test/grants/not-asked-for.ts. ${WHOLE}`;
  expect(unexplained.map(sentence), todo).toEqual([]);
  const stale = NOT_ASKED_FOR.filter((one) => !one.sometimes && !unasked.some((grant) => explains(one, grant)));
  expect(stale, 'A test asks for it by now, or nobody grants it: take the reason away.').toEqual([]);
});

it('a missing grant fails the run, with a sentence that names role, action and queue', async () => {
  const [{ client, outputs, requestsFile, roles }] = deployments as [Deployment];
  const [role = ''] = [...roles].find(([, name]) => name === 'FunctionsgatekeeperRole') ?? [];
  const resource = `arn:aws:sqs:us-east-1:000000000000:${outputs.DeadLetterQueueUrl?.split('/').at(-1)}`;
  const action = 'sqs:GetQueueAttributes';
  const grantAgain = await takeAway(client, role, { action, resource });
  try {
    const { status, cause } = await run(client, outputs.StateMachineArn);
    expect(status).toBe('FAILED');
    expect(cause).toMatch(
      new RegExp(`/${role}/\\S+ is not authorized to perform: ${action} on resource: ${resource} `),
    );
    expect(refusalsIn(await readRequests(requestsFile))).toContain(
      `IAM does not grant the role ${role} the action ${action} on ${resource}`,
    );
  } finally {
    await grantAgain();
  }
});

/** Runs a work item that is refused at once, and waits for the execution's end. */
async function run(client: DeployedAws['client'], stateMachineArn: string) {
  const sfn = new SFNClient(client);
  const input = JSON.stringify({
    work: [{ processor: 'scrape', name: 'none', input: { url: 'http://127.0.0.1:9/' } }],
  });
  const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn, input }));
  return vi.waitFor(
    async () => {
      const found = await sfn.send(new DescribeExecutionCommand({ executionArn }));
      expect(found.status).not.toBe('RUNNING');
      return found;
    },
    { timeout: 180_000, interval: 250 },
  );
}

function explains({ role, action, resource }: NotAskedFor, grant: Grant): boolean {
  return role.test(grant.role) && action.test(grant.action) && (resource?.test(grant.resource) ?? true);
}

function sentence({ role, action, resource }: Grant): string {
  return `${role} may ${action} on ${resource}`;
}
