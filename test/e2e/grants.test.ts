import { beforeAll, expect, inject, it } from 'vitest';
import { type RoleRequest, readRequests, refusalsIn } from '#local/embedded/request-log.ts';
import { useDeployedAws } from '#test/helpers/deployed.ts';
import { covers, type Grant, grantsOf, rolesOf, takeAway } from '#test/helpers/grants.ts';
import { startWeb } from '#test/helpers/web.ts';
import { NOT_ASKED_FOR, type NotAskedFor } from './not-asked-for.ts';

/**
 * What the roles of the stack were granted, held against what they asked for in all end-to-end tests. It has to run after
 * them, which `test/helpers/setup/grants-last.ts` sees to, and means nothing without them.
 */
const WHOLE = 'This test needs all of "npx vitest run --project e2e": by itself it has seen no run.';

const aws = useDeployedAws();
let roles: ReadonlyMap<string, string>;
let requests: RoleRequest[];
let grants: Grant[];

beforeAll(async () => {
  const { client, outputs, requestsFile } = inject('deployedAws');
  roles = await rolesOf(client, outputs.StackName ?? 'Sluice');
  grants = await grantsOf(client, roles);
  // What the CDK's own roles asked for at the deploy, and services in their own name, is not the stack's to grant.
  requests = (await readRequests(requestsFile)).flatMap((request) => {
    const role = roles.get(request.role);
    return role === undefined ? [] : [{ ...request, role }];
  });
});

it('nothing was refused', () => {
  expect(refusalsIn(requests), 'Grant it in lib/, with the action and the resource that it names.').toEqual([]);
});

it('nothing was asked for that the template does not grant', () => {
  expect(requests.length, WHOLE).toBeGreaterThan(100);
  const uncovered = requests.filter(
    (request) => !grants.some((grant) => grant.role === request.role && covers(grant, request)),
  );
  expect(uncovered, 'The embedded AWS let it pass, and AWS would not: grant it in lib/.').toEqual([]);
});

it('nothing is granted that no test asks for, or its reason is given', () => {
  const unasked = grants.filter(
    (grant) => !requests.some((request) => request.allowed && request.role === grant.role && covers(grant, request)),
  );
  const isExplained = (grant: Grant) => NOT_ASKED_FOR.some((one) => explains(one, grant));
  const todo = `Take the grant away in lib/, write an end-to-end test that needs it, or give its reason in test/e2e/not-asked-for.ts. ${WHOLE}`;
  expect(unasked.filter((grant) => !isExplained(grant)).map(sentence), todo).toEqual([]);
  const stale = NOT_ASKED_FOR.filter((one) => !one.sometimes && !unasked.some((grant) => explains(one, grant)));
  expect(stale, 'A test asks for it by now, or nobody grants it: take the reason away.').toEqual([]);
});

it('a grant that is taken away fails the run, with a sentence that names role, action and queue', async () => {
  const web = await startWeb((_, response) => response.end('a\n1\n'));
  const { client, requestsFile } = inject('deployedAws');
  const [role = ''] = [...roles].find(([, name]) => name === 'FunctionsgatekeeperRole') ?? [];
  const resource = `arn:aws:sqs:us-east-1:000000000000:${aws.outputs.DeadLetterQueueUrl?.split('/').at(-1)}`;
  const action = 'sqs:GetQueueAttributes';
  const grantAgain = await takeAway(client, role, { action, resource });
  try {
    const ended = await aws.run({ sources: [{ url: `${web.url}/a.csv`, key: 'grants/a.csv' }] });
    expect(ended.status).toBe('FAILED');
    expect(ended.cause).toMatch(
      new RegExp(`/${role}/\\S+ is not authorized to perform: ${action} on resource: ${resource} `),
    );
    expect(refusalsIn(await readRequests(requestsFile))).toContain(
      `IAM refused the role ${role} the action ${action} on ${resource}`,
    );
  } finally {
    await grantAgain();
    await web.stop();
  }
});

function explains({ role, action, resource }: NotAskedFor, grant: Grant): boolean {
  return role.test(grant.role) && action.test(grant.action) && (resource?.test(grant.resource) ?? true);
}

function sentence({ role, action, resource }: Grant): string {
  return `${role} may ${action} on ${resource}`;
}
