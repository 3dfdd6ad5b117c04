import { CreateServiceLinkedRoleCommand, GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { expect, it } from 'vitest';
import { ensureEcsRole } from '#lambdas/at-deploy/ensure-ecs-role.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';

const aws = useEmbeddedAws();

it("ECS's service-linked role has AWS's name on the embedded AWS, and a second one is refused in IAM's words", async () => {
  const iam = new IAMClient(aws.client());
  await ensureEcsRole(iam);
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'AWSServiceRoleForECS' }));
  expect(Role).toMatchObject({
    RoleName: 'AWSServiceRoleForECS',
    Path: '/aws-service-role/ecs.amazonaws.com/',
    Arn: 'arn:aws:iam::000000000000:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS',
  });
  const again = iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: 'ecs.amazonaws.com' }));
  await expect(again).rejects.toMatchObject({
    name: expect.stringContaining('InvalidInput'),
    message: expect.stringContaining('has been taken in this account'),
  });
  expect(await ensureEcsRole(iam)).toBe('AWSServiceRoleForECS');
});
