import { CreateServiceLinkedRoleCommand, GetRoleCommand, type IAMClient } from '@aws-sdk/client-iam';

const SERVICE = 'ecs.amazonaws.com';
const ROLE = 'AWSServiceRoleForECS';

/** The account has no role for ECS, and this deploy may not make it. */
class NoEcsRoleError extends Error {
  override readonly name = 'NoEcsRoleError';
}

/**
 * Makes sure that the account has ECS's service-linked role, which all clusters of an account share.
 *
 * ECS makes it by itself for the first cluster, but assumes it in the same moment, often before IAM has told all its
 * servers. A first deploy then ends with "Unable to assume the service linked role. Please verify that the ECS service
 * linked role exists" (aws-cloudformation/cloudformation-coverage-roadmap 818, aws/containers-roadmap 2614).
 *
 * @returns the role's name.
 * @throws NoEcsRoleError saying who has to do what, where IAM refuses.
 */
export async function ensureEcsRole(iam: IAMClient): Promise<string> {
  try {
    await iam.send(new GetRoleCommand({ RoleName: ROLE }));
    return ROLE;
  } catch (error) {
    if (!isNamed(error, /NoSuchEntity/)) throw refused(error);
  }
  try {
    await iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: SERVICE }));
  } catch (error) {
    // Another deploy, or ECS itself, made it meanwhile.
    if (!isTaken(error)) throw refused(error);
  }
  return ROLE;
}

/** IAM's words: InvalidInput, "Service role name AWSServiceRoleForECS has been taken in this account". */
function isTaken(error: unknown): boolean {
  if (isNamed(error, /EntityAlreadyExists/)) return true;
  return isNamed(error, /InvalidInput/) && /has been taken/.test((error as Error).message);
}

function isNamed(error: unknown, name: RegExp): boolean {
  return error instanceof Error && name.test(error.name);
}

function refused(error: unknown): unknown {
  if (!isNamed(error, /AccessDenied/)) return error;
  return new NoEcsRoleError(
    `ECS needs its service-linked role ${ROLE}, and IAM refuses to look for it or to make it: ${(error as Error).message}. ` +
      `Let an administrator of the account run "aws iam create-service-linked-role --aws-service-name ${SERVICE}" once, ` +
      'and allow iam:GetRole on it; then deploy again',
    { cause: error },
  );
}
