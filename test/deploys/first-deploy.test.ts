import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployStack, type LocalSettings } from '#local/deploy.ts';
import { startTestAws } from '#test/helpers/embedded-aws.ts';
import { endsOfResources, whatIsThere } from '#test/helpers/what-is-there.ts';

let aws: Awaited<ReturnType<typeof startTestAws>>;
let deploys = 0;

beforeAll(async () => {
  aws = await startTestAws();
});
afterAll(() => aws?.stop());

const deploy = (settings: LocalSettings = {}, app?: string) =>
  deployStack(aws, {
    folder: join(aws.folder, `deploy-${++deploys}`),
    settings,
    base: {},
    ...(app !== undefined && { app }),
  });

/** What the rollback of a stack has left where it was, by CloudFormation's own word. */
async function leftByTheRollback(StackName: string): Promise<string[]> {
  const { Stacks = [] } = await new CloudFormationClient(aws.client).send(new DescribeStacksCommand({ StackName }));
  expect(Stacks[0]?.StackStatus).toBe('ROLLBACK_COMPLETE');
  const { deleted, left } = await endsOfResources(aws, StackName);
  expect(deleted.length).toBeGreaterThan(60);
  return left;
}

describe('a first deploy', () => {
  it('a first deploy that fails leaves nothing behind, and the next deploy works', async () => {
    const before = await whatIsThere(aws);
    const failing = fileURLToPath(new URL('./failing-app.ts', import.meta.url));
    await expect(deploy({ 'encryption.key': 'own' }, `${process.execPath} ${failing}`)).rejects.toThrow(
      'this function does not support the resource type Custom::NoSuchStep',
    );
    // ECS has it for the whole account.
    const left = (await whatIsThere(aws)).filter((name) => !before.includes(name));
    expect(left).toEqual([expect.stringContaining('role AWSServiceRoleFor')]);

    // This includes the bucket, the key and the functions' versions, which outlive a stack that existed.
    expect(await leftByTheRollback('Sluice')).toEqual([]);

    const outputs = await deploy();
    const there = await whatIsThere(aws);
    expect(there).toEqual(
      expect.arrayContaining([
        `bucket ${outputs.BucketName}`,
        'queue Sluice-work',
        'function Sluice-plan',
        'log group /aws/lambda/Sluice-plan',
        'state machine Sluice',
      ]),
    );
  });

  it("a first deploy creates ECS's service-linked role in an account without it, and uses an existing one", async () => {
    const iam = new IAMClient(aws.client);
    // The embedded AWS calls it AWSServiceRoleForEcs.
    const ecsRoles = async () => {
      const { Roles } = await iam.send(new ListRolesCommand({ PathPrefix: '/aws-service-role/ecs.amazonaws.com/' }));
      return Roles?.map(({ RoleId }) => RoleId);
    };
    const before = await ecsRoles();
    expect(before).toHaveLength(1);
    await deploy({ stackName: 'Second' });
    expect(await ecsRoles()).toEqual(before);
  });

  it('a deploy can not remove access to the key of the first deploy', async () => {
    const outputs = await deploy({ stackName: 'Keyed', 'encryption.key': 'own' });
    const refused = deploy({ stackName: 'Keyed' });
    const sentence =
      /encryption\.key changes from (?<key>arn:aws:kms:\S+) to service.*Add it to the setting encryption\.formerKeys/s;
    await expect(refused).rejects.toThrow(sentence);
    const key = sentence.exec(String(await refused.catch((error: unknown) => error)))?.groups?.key;
    const changed = await deploy({ stackName: 'Keyed', 'encryption.formerKeys': [key] });
    expect(changed.BucketName).toBe(outputs.BucketName);
  });
});
