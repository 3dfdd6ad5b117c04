import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { ClientConfig } from '../deployment/connect.ts';
import { describeStack, NoDeploymentError } from '../deployment/deployment.ts';
import { explain } from '../explain.ts';
import { type Quota, quotasOf } from '../quotas/quotas.ts';
import type { Finding } from './check.ts';

/**
 * The qualifier of a bootstrap with the default name. @see
 * https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-customizing.html
 */
const BOOTSTRAP_PARAMETER = '/cdk-bootstrap/hnb659fds/version';
/** The oldest bootstrap with which this repository's CDK can deploy. */
const BOOTSTRAP_VERSION = 6;
const OLDEST_NODE = 24;
const OLDEST_PYTHON = [3, 10] as const;

/** The machine itself: Node for every command, Python only for the local run. */
export async function checkMachine(): Promise<Finding[]> {
  const node = Number(process.versions.node.split('.')[0]);
  return [
    node >= OLDEST_NODE
      ? { check: 'Node', state: 'good', found: process.version }
      : {
          check: 'Node',
          state: 'bad',
          found: `${process.version} runs this command`,
          mend: 'run it as "npx sluice", which takes the Node 24 of this folder',
        },
    await checkPython(),
  ];
}

async function checkPython(): Promise<Finding> {
  const check = 'Python';
  try {
    const { stdout } = await promisify(execFile)(
      'python3',
      ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'],
      { timeout: 10_000 },
    );
    const [major = 0, minor = 0] = stdout.trim().split('.').map(Number);
    const isNewEnough = major > OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1]);
    if (isNewEnough) return { check, state: 'good', found: stdout.trim() };
    return {
      check,
      state: 'note',
      found: `${stdout.trim()} is too old for the local run`,
      mend: 'install Python 3.10 or newer; a deploy to AWS does not need Python',
    };
  } catch {
    return {
      check,
      state: 'note',
      found: 'not installed: the local run needs it, and a deploy to AWS does not',
      mend: 'install Python 3.10 or newer with venv',
    };
  }
}

/** @returns the finding, and the region if there is one. */
export async function checkRegion(config: ClientConfig): Promise<{ finding: Finding; region?: string }> {
  try {
    const region = await new STSClient(config).config.region();
    return { finding: { check: 'region', state: 'good', found: region }, region };
  } catch (error) {
    return { finding: { check: 'region', state: 'bad', found: explain(error).detail, mend: explain(error).mend } };
  }
}

/** @returns the finding, and whether AWS accepts the credentials. */
export async function checkCredentials(config: ClientConfig): Promise<{ finding: Finding; taken: boolean }> {
  const check = 'credentials';
  try {
    const { Account, Arn } = await new STSClient(config).send(new GetCallerIdentityCommand({}));
    return { finding: { check, state: 'good', found: `account ${Account}, ${Arn}` }, taken: true };
  } catch (error) {
    const { detail, mend } = explain(error);
    return { finding: { check, state: 'bad', found: detail, mend }, taken: false };
  }
}

export async function checkBootstrap(config: ClientConfig): Promise<Finding> {
  const check = 'CDK bootstrap';
  try {
    const { Parameter } = await new SSMClient(config).send(new GetParameterCommand({ Name: BOOTSTRAP_PARAMETER }));
    const version = Number(Parameter?.Value);
    if (version >= BOOTSTRAP_VERSION) return { check, state: 'good', found: `version ${version}` };
    return { check, state: 'bad', found: `version ${Parameter?.Value} is too old`, mend: 'npx cdk bootstrap' };
  } catch (error) {
    if ((error as Error).name === 'ParameterNotFound') {
      return { check, state: 'bad', found: 'the account and region are not bootstrapped', mend: 'npx cdk bootstrap' };
    }
    return { check, state: 'unknown', found: explain(error).detail };
  }
}

/** ECS needs its service-linked role. The deploy creates it; a policy may forbid that. */
export async function checkServiceRoles(config: ClientConfig): Promise<Finding[]> {
  const iam = new IAMClient(config);
  const look = async (
    service: string,
    role: string,
    missing: Pick<Finding, 'state' | 'found' | 'mend'>,
  ): Promise<Finding> => {
    const check = `role of ${service}`;
    try {
      await iam.send(new GetRoleCommand({ RoleName: role }));
      return { check, state: 'good', found: role };
    } catch (error) {
      if (['NoSuchEntity', 'NoSuchEntityException'].includes((error as Error).name)) return { check, ...missing };
      return { check, state: 'unknown', found: explain(error).detail };
    }
  };
  return Promise.all([
    look('ECS', 'AWSServiceRoleForECS', { state: 'note', found: 'it does not exist yet: the deploy creates it' }),
    look('EC2 Spot', 'AWSServiceRoleForEC2Spot', {
      state: 'note',
      found: 'it does not exist yet: AWS creates it with the first Spot task',
      mend: 'if a policy forbids that, run: aws iam create-service-linked-role --aws-service-name spot.amazonaws.com',
    }),
  ]);
}

/** Each quota that limits a deployment with the default settings. */
export async function checkQuotas(config: ClientConfig): Promise<Finding[]> {
  const client = new ServiceQuotasClient(config);
  return Promise.all(quotasOf().map((quota) => checkQuota(client, quota)));
}

async function checkQuota(client: ServiceQuotasClient, quota: Quota): Promise<Finding> {
  const { name, needed, failure, remedy, stops } = quota;
  const check = `quota ${name}`;
  try {
    const value = await readQuota(client, quota);
    if (value === undefined) return { check, state: 'unknown', found: 'Service Quotas returns no value' };
    if (value >= needed) return { check, state: 'good', found: `${value}, ${needed} needed` };
    return {
      check,
      state: stops === 'the deploy' ? 'bad' : 'note',
      found: `${value}, ${needed} needed: ${failure}`,
      mend: `ask for more in the console under Service Quotas, or: ${remedy}`,
    };
  } catch (error) {
    return { check, state: 'unknown', found: explain(error).detail };
  }
}

async function readQuota(client: ServiceQuotasClient, { serviceCode, quotaCode }: Quota): Promise<number | undefined> {
  const which = { ServiceCode: serviceCode, QuotaCode: quotaCode };
  try {
    return (await client.send(new GetServiceQuotaCommand(which))).Quota?.Value;
  } catch (error) {
    // An account that never asked for more has no entry for the quota.
    if ((error as Error).name !== 'NoSuchResourceException') throw error;
    return (await client.send(new GetAWSDefaultServiceQuotaCommand(which))).Quota?.Value;
  }
}

export async function checkStack(config: ClientConfig, stack: string): Promise<Finding> {
  const check = `stack ${stack}`;
  try {
    const { StackStatus: status = 'unknown', StackStatusReason: reason } = await describeStack(
      new CloudFormationClient(config),
      stack,
    );
    const found = `${status}${reason === undefined ? '' : `: ${reason}`}`;
    if (/^(CREATE|UPDATE|IMPORT)_COMPLETE$/.test(status)) return { check, state: 'good', found: status };
    if (status === 'UPDATE_ROLLBACK_COMPLETE')
      return { check, state: 'note', found: `${status}: the last deploy failed, the one before it works` };
    if (/^ROLLBACK_COMPLETE$|^CREATE_FAILED$/.test(status)) {
      return { check, state: 'bad', found, mend: `npx cdk destroy ${stack}, then deploy again` };
    }
    const mend = 'CloudFormation → the stack → Events says why';
    return { check, state: /FAILED$/.test(status) ? 'bad' : 'note', found, mend };
  } catch (error) {
    if (error instanceof NoDeploymentError) {
      return { check, state: 'note', found: 'it is not deployed', mend: 'npx cdk deploy' };
    }
    return { check, state: 'unknown', found: explain(error).detail };
  }
}
