import { IAMClient } from '@aws-sdk/client-iam';
import { afterEach, describe, expect, it } from 'vitest';
import { ensureEcsRole } from '#lambdas/at-deploy/ensure-ecs-role.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';

let web: Web;
afterEach(() => web.stop());

/** An answer of IAM, as its query protocol gives it. */
type Answer = readonly [status: number, code?: string, message?: string];
const NO_ROLE: Answer = [404, 'NoSuchEntity', 'The role with name AWSServiceRoleForECS cannot be found.'];

/** IAM's wire, with these answers; what was asked is in `asked`. */
async function iamWith(answers: { GetRole: Answer; CreateServiceLinkedRole: Answer }) {
  const asked: string[] = [];
  web = await startWeb(async (request, response) => {
    const form = new URLSearchParams((await request.setEncoding('utf8').toArray()).join(''));
    const action = form.get('Action') as keyof typeof answers;
    asked.push([action, form.get('RoleName') ?? form.get('AWSServiceName')].join(' '));
    const [status, code, message] = answers[action];
    const role = `<${action}Result><Role><RoleName>AWSServiceRoleForECS</RoleName></Role></${action}Result>`;
    const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
    const kind = code === undefined ? `${action}Response` : 'ErrorResponse';
    response.writeHead(status, { 'content-type': 'text/xml' });
    response.end(`<${kind}>${code === undefined ? role : error}</${kind}>`);
  });
  const iam = new IAMClient({
    endpoint: web.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  });
  return { iam, asked };
}

describe("ECS's service-linked role", () => {
  it('an existing ECS role is not changed', async () => {
    const { iam, asked } = await iamWith({ GetRole: [200], CreateServiceLinkedRole: [200] });
    expect(await ensureEcsRole(iam)).toBe('AWSServiceRoleForECS');
    expect(asked).toEqual(['GetRole AWSServiceRoleForECS']);
  });

  it('the ECS role is created if the account has none', async () => {
    const { iam, asked } = await iamWith({ GetRole: NO_ROLE, CreateServiceLinkedRole: [200] });
    expect(await ensureEcsRole(iam)).toBe('AWSServiceRoleForECS');
    expect(asked.at(-1)).toBe('CreateServiceLinkedRole ecs.amazonaws.com');
  });

  it.each<{ taken: Answer }>([
    {
      taken: [
        400,
        'InvalidInput',
        'Service role name AWSServiceRoleForECS has been taken in this account, please try a different suffix.',
      ],
    },
    { taken: [409, 'EntityAlreadyExists', 'Role with name AWSServiceRoleForECS already exists.'] },
  ])('an ECS role that another deploy created meanwhile is accepted ($taken.1)', async ({ taken }) => {
    const { iam } = await iamWith({ GetRole: NO_ROLE, CreateServiceLinkedRole: taken });
    expect(await ensureEcsRole(iam)).toBe('AWSServiceRoleForECS');
  });

  it('the deploy fails if IAM reports another error in the input', async () => {
    const { iam } = await iamWith({
      GetRole: NO_ROLE,
      CreateServiceLinkedRole: [400, 'InvalidInput', 'no such service'],
    });
    await expect(ensureEcsRole(iam)).rejects.toThrow('no such service');
  });

  it.each<{ GetRole: Answer; CreateServiceLinkedRole: Answer }>([
    { GetRole: [403, 'AccessDenied', 'explicit deny'], CreateServiceLinkedRole: [200] },
    { GetRole: NO_ROLE, CreateServiceLinkedRole: [403, 'AccessDenied', 'explicit deny'] },
  ])('the deploy fails with what to do if IAM refuses', async (answers) => {
    const { iam } = await iamWith(answers);
    await expect(ensureEcsRole(iam)).rejects.toThrow(
      /explicit deny\. An administrator .*aws iam create-service-linked-role --aws-service-name ecs\.amazonaws\.com/,
    );
  });
});
