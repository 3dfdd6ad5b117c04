import { AwsClient } from 'aws4fetch';
import type { EmbeddedAws } from '#local/embedded/embedded-aws.ts';

type Client = EmbeddedAws['client'];

/** What a policy allows or denies, by its patterns of actions and resources. */
export interface PolicyGrant {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** @default 'Allow' */
  readonly effect?: 'Allow' | 'Deny';
}

/** The keys of a role's session, as SDK clients take them. */
export interface SessionKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/**
 * Makes a role with these grants.
 *
 * @param trusted who may assume it: a service such as `ecs-tasks.amazonaws.com`, or `root` of the account.
 * @returns its ARN.
 */
export async function createRole(
  client: Client,
  name: string,
  trusted: string,
  grants: readonly PolicyGrant[],
  trustConditions: PolicyGrant['conditions'] = {},
): Promise<string> {
  const Principal = trusted === 'root' ? { AWS: 'arn:aws:iam::000000000000:root' } : { Service: trusted };
  const trust = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal, Condition: trustConditions };
  await call(client, 'iam', {
    Action: 'CreateRole',
    RoleName: name,
    AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
  });
  const roleArn = `arn:aws:iam::000000000000:role/${name}`;
  if (grants.length === 0) return roleArn;
  const Statement = grants.map(({ actions, resources, conditions = {}, effect = 'Allow' }) => ({
    Effect: effect,
    Action: actions,
    Resource: resources,
    Condition: conditions,
  }));
  await call(client, 'iam', {
    Action: 'PutRolePolicy',
    RoleName: name,
    PolicyName: 'all',
    PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement }),
  });
  return roleArn;
}

/** The keys of a new session of a role that trusts the account's root. */
export async function assumeRole(client: Client, roleArn: string): Promise<SessionKeys> {
  const xml = await call(client, 'sts', { Action: 'AssumeRole', RoleArn: roleArn, RoleSessionName: 'test' });
  return {
    accessKeyId: textOf(xml, 'AccessKeyId'),
    secretAccessKey: textOf(xml, 'SecretAccessKey'),
    sessionToken: textOf(xml, 'SessionToken'),
  };
}

/** Calls an operation of IAM or STS, whose form needs no client of the SDK. @returns the XML of the answer. */
async function call(client: Client, service: 'iam' | 'sts', fields: Record<string, string>): Promise<string> {
  const { endpoint, region, credentials } = client;
  const version = service === 'iam' ? '2010-05-08' : '2011-06-15';
  const signed = new AwsClient({ ...credentials, service, region, retries: 0 });
  const body = new URLSearchParams({ ...fields, Version: version }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await signed.fetch(`${endpoint}/`, { method: 'POST', headers, body });
  const xml = await answer.text();
  if (!answer.ok) throw new Error(`${fields.Action} answered ${answer.status}: ${xml}`);
  return xml;
}

function textOf(xml: string, element: string): string {
  const text = new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];
  if (text === undefined) throw new Error(`there is no ${element} in ${xml}`);
  return text;
}
