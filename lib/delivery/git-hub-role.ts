import { Aws, CfnOutput, DefaultStackSynthesizer, Duration, Stack } from 'aws-cdk-lib';
import { Policy, PolicyStatement, Role, WebIdentityPrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { stageRoleArn } from './stage-access.ts';

const GITHUB = 'token.actions.githubusercontent.com';

/** The roles of the bootstrap that the deploy needs. */
const BOOTSTRAP_ROLES = ['deploy-role', 'file-publishing-role', 'lookup-role'];

/**
 * Longer than a job of the workflow may take. After IAM's default of one hour, a rollback would have no credentials.
 */
const MAX_SESSION_HOURS = 3;

export function gitHubRoleName({ stackName, region }: { stackName: string; region: string }): string {
  return `${stackName}-github-${region}`;
}

export interface GitHubRoleProps {
  /** `owner/name`. */
  readonly repository: string;
  /** The environment of GitHub whose jobs may assume the role: it has the stage's name. */
  readonly environment: string;
}

/**
 * The role of a workflow of GitHub. Jobs of one environment of one repository assume it with GitHub's own token, so no
 * key is stored in GitHub. The role can only assume other roles: those of the bootstrap in this account and region, and
 * those of the stage.
 *
 * The account's identity provider for GitHub is not created here: an account can have only one, and other stacks use it
 * too.
 */
export class GitHubRole extends Construct {
  constructor(scope: Construct, id: string, { repository, environment }: GitHubRoleProps) {
    super(scope, id);
    const { account, region, stackName } = Stack.of(this);
    const role = new Role(this, 'Role', {
      roleName: gitHubRoleName({ stackName, region }),
      description: `Deploys ${stackName} from ${repository}, environment ${environment}`,
      maxSessionDuration: Duration.hours(MAX_SESSION_HOURS),
      assumedBy: new WebIdentityPrincipal(`arn:${Aws.PARTITION}:iam::${account}:oidc-provider/${GITHUB}`, {
        StringEquals: {
          [`${GITHUB}:aud`]: 'sts.amazonaws.com',
          [`${GITHUB}:sub`]: `repo:${repository}:environment:${environment}`,
        },
      }),
    });
    const bootstrap = BOOTSTRAP_ROLES.map(
      (name) =>
        `arn:${Aws.PARTITION}:iam::${account}:role/cdk-${DefaultStackSynthesizer.DEFAULT_QUALIFIER}-${name}-${account}-${region}`,
    );
    const stage = (['smoke', 'rollback'] as const).map((name) => stageRoleArn(name, { account, region, stackName }));
    new Policy(this, 'May', {
      roles: [role],
      statements: [new PolicyStatement({ actions: ['sts:AssumeRole'], resources: [...bootstrap, ...stage] })],
    });
    new CfnOutput(this, 'GitHubRoleArn', { value: role.roleArn }).overrideLogicalId('GitHubRoleArn');
  }
}
