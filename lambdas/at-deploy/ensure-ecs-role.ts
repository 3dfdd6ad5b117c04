import { CreateServiceLinkedRoleCommand, GetRoleCommand, type IAMClient } from '@aws-sdk/client-iam';

const SERVICE = 'ecs.amazonaws.com';
const ROLE = 'AWSServiceRoleForECS';

/** The account has no role for ECS, and this deploy is not permitted to create it. */
class NoEcsRoleError extends Error {
  override readonly name = 'NoEcsRoleError';
}

/**
 * Makes sure that the account has ECS's service-linked role, which all clusters of an account share.
 *
 * ECS creates the role by itself for the first cluster, but assumes it at once, often before all servers of IAM know
 * it. A first deploy then ends with "Unable to assume the service linked role. Please verify that the ECS service
 * linked role exists" (aws-cloudformation/cloudformation-coverage-roadmap 818, aws/containers-roadmap 2614).
 *
 * @returns the role's name.
 * @throws NoEcsRoleError if IAM refuses. It says what an administrator has to do.
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
    // Another deploy, or ECS itself, created the role meanwhile.
    if (!isTaken(error)) throw refused(error);
  }
  return ROLE;
}

/** IAM's answer: InvalidInput, "Service role name AWSServiceRoleForECS has been taken in this account". */
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
    `ECS needs its service-linked role ${ROLE}, but IAM refuses to read or to create it: ${(error as Error).message}. ` +
      `An administrator of the account must run "aws iam create-service-linked-role --aws-service-name ${SERVICE}" once, ` +
      'and allow iam:GetRole on it; then deploy again',
    { cause: error },
  );
}
