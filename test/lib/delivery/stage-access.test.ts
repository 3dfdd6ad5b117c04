import { describe, expect, it } from 'vitest';
import { deliver, TWO_STAGES } from './deliver.ts';

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

const { stages, template: pipeline } = deliver({ ...TWO_STAGES, account: '111111111111', region: 'eu-central-1' });
const { Resources: resources } = stages.staging?.toJSON() ?? {};

function roleOf(name: 'smoke' | 'rollback') {
  const [id, role] =
    Object.entries<{ Properties: { RoleName?: string; AssumeRolePolicyDocument: { Statement: unknown } } }>(
      resources,
    ).find(([, { Properties }]) => String(Properties?.RoleName) === `Staging-${name}-eu-central-1`) ?? [];
  const statements = Object.values<{
    Type: string;
    Properties: { Roles: { Ref: string }[]; PolicyDocument: { Statement: Statement[] } };
  }>(resources)
    .filter(({ Type, Properties }) => Type === 'AWS::IAM::Policy' && Properties.Roles.some(({ Ref }) => Ref === id))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
  return { trusts: role?.Properties.AssumeRolePolicyDocument.Statement, statements };
}

/** What a role may do: each action with the text of its resources. */
function grants(statements: readonly Statement[]): [string, string][] {
  return statements.flatMap(({ Action, Resource }) =>
    [Action].flat().map((action): [string, string] => [action, JSON.stringify(Resource)]),
  );
}

describe('the smoke role of a stage', () => {
  const { trusts, statements } = roleOf('smoke');
  const all = grants(statements);

  it('the smoke role may start this state machine, follow and stop its own runs, and read their records, and nothing else', () => {
    expect(all.map(([action]) => action).sort()).toEqual([
      'cloudformation:DescribeStacks',
      's3:GetObject',
      's3:ListBucket',
      'states:DescribeExecution',
      'states:GetExecutionHistory',
      'states:StartExecution',
      'states:StopExecution',
    ]);
    expect(Object.fromEntries(all)['states:StopExecution']).toContain(':smoke-*');
    expect(Object.fromEntries(all)['s3:GetObject']).toContain('/runs/smoke-*');
    expect(Object.fromEntries(all)['cloudformation:DescribeStacks']).toContain(':stack/Staging/*');
    expect(all.filter(([, resource]) => resource === '"*"')).toEqual([]);
  });

  it('the smoke role trusts only the smoke build of its own stage', () => {
    expect(trusts).toEqual([
      {
        Action: 'sts:AssumeRole',
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::111111111111:root' },
        Condition: {
          ArnEquals: {
            'aws:PrincipalArn': {
              'Fn::Join': [
                '',
                ['arn:', { Ref: 'AWS::Partition' }, ':iam::111111111111:role/SluiceDelivery-staging-smoke'],
              ],
            },
          },
        },
      },
    ]);
  });
});

describe('the rollback role of a stage', () => {
  const all = grants(roleOf('rollback').statements);

  it('the rollback role may update this stack, and read and write its kept template, and nothing else', () => {
    expect(all.map(([action]) => action).sort()).toEqual([
      'cloudformation:DescribeStackEvents',
      'cloudformation:DescribeStacks',
      'cloudformation:GetTemplate',
      'cloudformation:UpdateStack',
      's3:GetObject',
      's3:ListBucket',
      's3:PutObject',
    ]);
    expect(Object.fromEntries(all)['cloudformation:UpdateStack']).toContain(':stack/Staging/*');
    expect(Object.fromEntries(all)['s3:PutObject']).toContain('/Staging.template.json');
    expect(all.filter(([, resource]) => resource === '"*"')).toEqual([]);
  });
});

describe('the build that runs them', () => {
  it('the smoke build may assume these two roles, by name, and no other', () => {
    const statements = Object.values(pipeline.findResources('AWS::IAM::Policy'))
      .filter(({ Properties }) => JSON.stringify(Properties.Roles).includes('stagingsmokerole'))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as Statement[]);
    const assumed = statements.filter(({ Action }) => Action === 'sts:AssumeRole');
    expect(JSON.stringify(assumed.map(({ Resource }) => Resource))).toBe(
      JSON.stringify([
        ['rollback', 'smoke'].map((role) => ({
          'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:iam::111111111111:role/Staging-${role}-eu-central-1`]],
        })),
      ]),
    );
  });
});

describe('the policies of the pipeline', () => {
  it('the policies of the pipeline grant no whole service', () => {
    const actions = Object.values(pipeline.findResources('AWS::IAM::Policy')).flatMap(({ Properties }) =>
      (Properties.PolicyDocument.Statement as Statement[]).flatMap(({ Action }) => Action),
    );
    expect(actions.length).toBeGreaterThan(20);
    expect(actions.filter((action) => /^\*$|:\*$/.test(action))).toEqual([]);
  });
});

describe('the bucket of the kept template', () => {
  it('the bucket of the kept template keeps versions, and outlives the stack, but not a first deploy that failed', () => {
    stages.staging?.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'RetainExceptOnCreate',
      Properties: {
        VersioningConfiguration: { Status: 'Enabled' },
        LifecycleConfiguration: { Rules: [{ Id: 'earlier-templates' }] },
      },
    });
    stages.staging?.hasOutput('KeptTemplateBucket', {});
  });
});
