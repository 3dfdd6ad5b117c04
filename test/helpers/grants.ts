import { CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import { GetRolePolicyCommand, IAMClient, PutRolePolicyCommand, paginateListRolePolicies } from '@aws-sdk/client-iam';
import * as z from 'zod';
import type { EmbeddedAws } from '#local/embedded/embedded-aws.ts';
import type { RoleRequest } from '#local/embedded/request-log.ts';

/** One action that a role may do on the resources of one pattern. */
export interface Grant {
  /** The name of the role's construct: `FunctionsgatekeeperRole`. */
  readonly role: string;
  readonly action: string;
  readonly resource: string;
}

const texts = z.union([z.string().transform((text) => [text]), z.array(z.string())]);
const policySchema = z.looseObject({
  Statement: z.array(z.looseObject({ Effect: z.literal('Allow'), Action: texts, Resource: texts })),
});
type Policy = z.infer<typeof policySchema>;

/** The roles of the deployed stack: the name of each by its physical one, without the template's digits at the end. */
export async function rolesOf(client: EmbeddedAws['client'], stack: string): Promise<ReadonlyMap<string, string>> {
  const cloudFormation = new CloudFormationClient(client);
  const roles = new Map<string, string>();
  for await (const page of paginateListStackResources({ client: cloudFormation }, { StackName: stack })) {
    for (const { ResourceType, LogicalResourceId = '', PhysicalResourceId = '' } of page.StackResourceSummaries ?? []) {
      if (ResourceType === 'AWS::IAM::Role') {
        roles.set(PhysicalResourceId, LogicalResourceId.replace(/[0-9A-F]{8}$/, ''));
      }
    }
  }
  return roles;
}

/** All permissions of the policies of these roles, as they were deployed: the template with its references resolved. */
export async function grantsOf(client: EmbeddedAws['client'], roles: ReadonlyMap<string, string>): Promise<Grant[]> {
  const iam = new IAMClient(client);
  const grants: Grant[] = [];
  for (const [RoleName, role] of roles) {
    for await (const { policy } of policiesOf(iam, RoleName)) {
      for (const { Action, Resource } of policy.Statement) {
        grants.push(...Action.flatMap((action) => Resource.map((resource) => ({ role, action, resource }))));
      }
    }
  }
  return grants;
}

/**
 * Removes the permission for an action on a resource from a role's policies.
 *
 * @returns a function that grants it again.
 */
export async function takeAway(
  client: EmbeddedAws['client'],
  RoleName: string,
  { action, resource }: Pick<Grant, 'action' | 'resource'>,
): Promise<() => Promise<void>> {
  const iam = new IAMClient(client);
  const put = (PolicyName: string, policy: Policy) =>
    iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: JSON.stringify(policy) }));
  const before = await Array.fromAsync(policiesOf(iam, RoleName));
  for (const { name, policy } of before) {
    const Statement = policy.Statement.map((statement) =>
      statement.Resource.includes(resource)
        ? { ...statement, Action: statement.Action.filter((one) => one !== action) }
        : statement,
    ).filter(({ Action }) => Action.length > 0);
    await put(name, { ...policy, Statement });
  }
  return async () => {
    for (const { name, policy } of before) await put(name, policy);
  };
}

async function* policiesOf(iam: IAMClient, RoleName: string): AsyncGenerator<{ name: string; policy: Policy }> {
  for await (const { PolicyNames = [] } of paginateListRolePolicies({ client: iam }, { RoleName })) {
    for (const PolicyName of PolicyNames) {
      const { PolicyDocument = '' } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      yield { name: PolicyName, policy: policySchema.parse(JSON.parse(decodeURIComponent(PolicyDocument))) };
    }
  }
}

/** Whether a grant is for this action on this resource. Conditions are the embedded AWS's to evaluate. */
export function covers({ action, resource }: Pick<Grant, 'action' | 'resource'>, request: RoleRequest): boolean {
  return action.toLowerCase() === request.action.toLowerCase() && matches(resource, request.resource);
}

/** IAM's patterns: `*` for any characters, `?` for one. */
function matches(pattern: string, text: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`, 's').test(text);
}
