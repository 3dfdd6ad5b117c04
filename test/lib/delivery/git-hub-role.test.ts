import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { SMOKE_INPUT } from '#lib/delivery/delivery.ts';
import { deliver } from './deliver.ts';

const place = { account: '111111111111', region: 'eu-central-1' };
const { folder, template, stages } = deliver({
  source: 'github-actions',
  repository: 'acme/sluice',
  stages: [
    { name: 'staging', ...place, settings: { stackName: 'Staging' } },
    { name: 'production', ...place, account: '222222222222' },
  ],
});

const workflow = readFileSync(fileURLToPath(new URL('../../../.github/workflows/deploy.yml', import.meta.url)), 'utf8');

describe('a delivery by GitHub Actions', () => {
  it('a delivery by GitHub Actions has no pipeline', () => {
    expect(template.toJSON()).toEqual({});
  });

  it('the role for GitHub Actions admits the jobs of one environment of one repository, and no others', () => {
    stages.staging?.hasResourceProperties('AWS::IAM::Role', {
      RoleName: 'Staging-github-eu-central-1',
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Action: 'sts:AssumeRoleWithWebIdentity',
            Effect: 'Allow',
            Principal: {
              Federated: {
                'Fn::Join': [
                  '',
                  [
                    'arn:',
                    { Ref: 'AWS::Partition' },
                    ':iam::111111111111:oidc-provider/token.actions.githubusercontent.com',
                  ],
                ],
              },
            },
            Condition: {
              StringEquals: {
                'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
                'token.actions.githubusercontent.com:sub': 'repo:acme/sluice:environment:staging',
              },
            },
          },
        ],
      },
    });
  });

  it('the role for GitHub Actions may assume the roles of the bootstrap and of the stage, in its own account and region', () => {
    const policies = Object.values(stages.production?.findResources('AWS::IAM::Policy') ?? {});
    const may = policies.find(({ Properties }) => JSON.stringify(Properties.Roles).includes('GitHubRole'));
    const [statement, ...more] = may?.Properties.PolicyDocument.Statement ?? [];
    expect(more).toEqual([]);
    expect(statement.Action).toBe('sts:AssumeRole');
    const names = (statement.Resource as { 'Fn::Join': [string, string[]] }[]).map(
      ({ 'Fn::Join': [, parts] }) => parts.at(-1) ?? '',
    );
    expect(names.sort()).toEqual(
      [
        'cdk-hnb659fds-deploy-role-222222222222-eu-central-1',
        'cdk-hnb659fds-file-publishing-role-222222222222-eu-central-1',
        'cdk-hnb659fds-lookup-role-222222222222-eu-central-1',
        'Sluice-rollback-eu-central-1',
        'Sluice-smoke-eu-central-1',
      ]
        .map((name) => `:iam::222222222222:role/${name}`)
        .sort(),
    );
  });

  it('the two roles of the stage trust the role for GitHub Actions', () => {
    for (const role of ['smoke', 'rollback']) {
      stages.production?.hasResourceProperties('AWS::IAM::Role', {
        RoleName: `Sluice-${role}-eu-central-1`,
        AssumeRolePolicyDocument: {
          Statement: [
            Match.objectLike({
              Condition: {
                ArnEquals: {
                  'aws:PrincipalArn': {
                    'Fn::Join': [
                      '',
                      ['arn:', { Ref: 'AWS::Partition' }, ':iam::222222222222:role/Sluice-github-eu-central-1'],
                    ],
                  },
                },
              },
            }),
          ],
        },
      });
    }
  });

  it('the credentials of a job live as long as the job may take, so that a rollback at its end has credentials', () => {
    const jobs = workflow.split(/\n {2}(?=\w+:\n)/).filter((job) => job.includes('configure-aws-credentials'));
    expect(jobs).toHaveLength(2);
    for (const job of jobs) {
      const [, minutes] = /timeout-minutes: (\d+)/.exec(job) ?? [];
      const [, seconds] = /role-duration-seconds: (\d+)/.exec(job) ?? [];
      expect(Number(seconds)).toBe(60 * Number(minutes));
      const [role] = Object.values(
        stages.production?.findResources('AWS::IAM::Role', {
          Properties: { RoleName: 'Sluice-github-eu-central-1' },
        }) ?? {},
      );
      expect(role?.Properties.MaxSessionDuration).toBeGreaterThanOrEqual(Number(seconds));
    }
  });

  it('the tests of the workflow run in a job that can not assume a role', () => {
    const [build, ...others] = workflow.split(/\n {2}(?=\w+:\n)/).filter((job) => job.includes('npm test'));
    expect(others).toEqual([]);
    expect(build).not.toContain('id-token');
    expect(workflow.split('jobs:')[0]).not.toContain('id-token');
    expect(workflow.match(/id-token: write/g)).toHaveLength(2);
  });

  it('the workflow of GitHub Actions names the stages, the roles and the input of the run, and stores no key', () => {
    for (const stage of ['staging', 'production']) {
      expect(workflow).toContain(`environment: ${stage}\n`);
      expect(workflow).toContain(`npx cdk deploy "${stage}/*" --app cdk.out`);
    }
    expect(workflow).toContain(`npx sluice smoke --input cdk.out/${SMOKE_INPUT}`);
    expect(workflow).not.toMatch(/secrets\.|access-key/);
    const actions = [...workflow.matchAll(/uses: (\S+)/g)].map(([, action]) => action ?? '');
    expect(actions.length).toBeGreaterThan(5);
    expect(actions.filter((action) => !/@[0-9a-f]{40}$/.test(action))).toEqual([]);
  });

  it('synth writes the input of the smoke run beside the templates', () => {
    expect(JSON.parse(readFileSync(join(folder, SMOKE_INPUT), 'utf8'))).toMatchObject({ process: 'profile' });
  });
});
