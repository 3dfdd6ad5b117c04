import { Aws, CfnOutput, DefaultStackSynthesizer, Stack } from 'aws-cdk-lib';
import { Policy, PolicyStatement, Role, WebIdentityPrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { stageRoleArn } from './stage-access.ts';

const GITHUB = 'token.actions.githubusercontent.com';

/** What the deploy takes of the bootstrap: its roles. The last one looks an existing VPC up. */
const BOOTSTRAP_ROLES = ['deploy-role', 'file-publishing-role', 'lookup-role'];

export function gitHubRoleName({ stackName, region }: { stackName: string; region: string }): string {
  return `${stackName}-github-${region}`;
}

export interface GitHubRoleProps {
  /** `owner/name`. */
  readonly repository: string;
  /** The environment of GitHub whose jobs may take the role on: it has the stage's name. */
  readonly environment: string;
}

/**
 * The role of a workflow of GitHub: jobs of one environment of one repository take it on by GitHub's own token, so that no key is kept
 * there. It can only take on others: those of the bootstrap in this account and region, and those of the stage.
 *
 * The account's identity provider for GitHub is not made here: an account has one at most, and other stacks use it too.
 */
export class GitHubRole extends Construct {
  constructor(scope: Construct, id: string, { repository, environment }: GitHubRoleProps) {
    super(scope, id);
    const { account, region, stackName } = Stack.of(this);
    const role = new Role(this, 'Role', {
      roleName: gitHubRoleName({ stackName, region }),
      description: `Deploys ${stackName} from ${repository}, environment ${environment}`,
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
