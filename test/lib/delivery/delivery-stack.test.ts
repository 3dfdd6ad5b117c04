import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { deliverySettings } from '#lib/settings/delivery-settings.ts';
import { CONNECTION, deliver, TWO_STAGES } from './deliver.ts';

interface Action {
  readonly Name: string;
  readonly ActionTypeId: { readonly Category: string; readonly Provider: string };
  readonly Configuration: Readonly<Record<string, unknown>>;
  readonly RunOrder: number;
  readonly Region?: string;
}

function stagesOf({ template }: ReturnType<typeof deliver>): { name: string; actions: readonly Action[] }[] {
  const [pipeline] = Object.values(template.findResources('AWS::CodePipeline::Pipeline'));
  return pipeline?.Properties.Stages.map(({ Name: name, Actions: actions }: { Name: string; Actions: Action[] }) => ({
    name,
    actions: actions.toSorted((one, other) => one.RunOrder - other.RunOrder),
  }));
}

/** The build specification of the projects, by what their commands hold. */
function buildspecWith({ template }: ReturnType<typeof deliver>, command: string) {
  const specs = Object.values(template.findResources('AWS::CodeBuild::Project'))
    .map(({ Properties }) => Properties.Source.BuildSpec)
    .filter((spec): spec is string => typeof spec === 'string' && spec.startsWith('{'));
  const found = specs.map((spec) => JSON.parse(spec)).find((spec) => JSON.stringify(spec).includes(command));
  expect(found, `no project runs ${command}`).toBeDefined();
  return found;
}

describe('the pipeline', () => {
  const two = deliver(TWO_STAGES);

  it('the pipeline builds, changes itself, publishes the assets, and then deploys stage by stage, the approved one after its approval', () => {
    expect(stagesOf(two).map(({ name, actions }) => [name, ...actions.map((action) => action.Name)])).toEqual([
      ['Source', 'sluice'],
      ['Build', 'Synth'],
      ['UpdatePipeline', 'SelfMutate'],
      ['Assets', 'FileAssets'],
      ['staging', 'Staging.Prepare', 'Staging.Deploy', 'Smoke'],
      ['production', 'Approve', 'Sluice.Prepare', 'Sluice.Deploy', 'Smoke'],
    ]);
  });

  it('the pipeline asks a person before the deploy to an approved stage', () => {
    const approve = stagesOf(two).at(-1)?.actions[0];
    expect(approve?.ActionTypeId).toMatchObject({ Category: 'Approval', Provider: 'Manual' });
  });

  it('the pipeline builds with the commands of the README, and caches what npm and pip download', () => {
    const spec = buildspecWith(two, 'npm run synth');
    expect(spec.phases.install.commands).toEqual(['npm ci']);
    expect(spec.phases.build.commands).toEqual(['npm test', 'npm run synth']);
    expect(spec.cache.paths).toEqual(['/root/.npm/**/*', '/root/.cache/pip/**/*']);
    expect(spec.artifacts).toMatchObject({ 'base-directory': 'cdk.out' });
    two.template.hasResourceProperties('AWS::CodeBuild::Project', {
      Cache: { Type: 'S3' },
      Source: { BuildSpec: Match.stringLikeRegexp('npm run synth') },
    });
    const readme = readFileSync(fileURLToPath(new URL('../../../README.md', import.meta.url)), 'utf8');
    for (const command of ['npm ci', 'npm test']) expect(readme).toContain(`${command}\n`);
  });

  it('the pipeline uses another test command, or none', () => {
    const other = deliver({ ...TWO_STAGES, test: 'npx vitest run --project unit' });
    expect(buildspecWith(other, 'npm run synth').phases.build.commands).toEqual([
      'npx vitest run --project unit',
      'npm run synth',
    ]);
    const none = deliver({ ...TWO_STAGES, test: ' ' });
    expect(buildspecWith(none, 'npm run synth').phases.build.commands).toEqual(['npm run synth']);
  });

  it('the pipeline changes itself with the CDK of this repository', () => {
    const { devDependencies } = JSON.parse(
      readFileSync(fileURLToPath(new URL('../../../package.json', import.meta.url)), 'utf8'),
    );
    const spec = buildspecWith(two, 'deploy SluiceDelivery');
    expect(spec.phases.install.commands).toEqual([`npm install -g aws-cdk@${devDependencies['aws-cdk']}`]);
  });

  it('the pipeline runs the state machine after each deploy, with roles of the stage', () => {
    const spec = buildspecWith(two, 'sluice smoke');
    expect(spec.phases.install.commands).toEqual(['npm ci']);
    expect(spec.phases.build.commands).toEqual([expect.stringContaining('npx sluice smoke --input - --minutes 30')]);
    two.template.hasResourceProperties('AWS::CodeBuild::Project', {
      Name: 'SluiceDelivery-staging-smoke',
      // Longer than the run, so that the time is there to roll back.
      TimeoutInMinutes: 120,
      Environment: {
        EnvironmentVariables: Match.arrayWith([Match.objectLike({ Name: 'SLUICE_STACK', Value: 'Staging' })]),
      },
    });
  });

  it('the pipeline sends no mail if no address is set', () => {
    two.template.resourceCountIs('AWS::SNS::Topic', 0);
    two.template.resourceCountIs('AWS::CodeStarNotifications::NotificationRule', 0);
  });

  it('the pipeline sends a mail when it failed, succeeded, or waits for a person', () => {
    const { template } = deliver({ ...TWO_STAGES, email: 'team@example.org' });
    template.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'team@example.org' });
    template.hasResourceProperties('AWS::CodeStarNotifications::NotificationRule', {
      EventTypeIds: [
        'codepipeline-pipeline-pipeline-execution-failed',
        'codepipeline-pipeline-pipeline-execution-succeeded',
        'codepipeline-pipeline-manual-approval-needed',
      ],
    });
    template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Principal: { Service: 'codestar-notifications.amazonaws.com' },
            Action: 'sns:Publish',
          }),
        ]),
      },
    });
  });

  it('the pipeline publishes to a topic of yours instead', () => {
    const topic = 'arn:aws:sns:eu-central-1:111111111111:chat';
    const { template } = deliver({ ...TWO_STAGES, topic });
    template.resourceCountIs('AWS::SNS::Topic', 0);
    template.hasResourceProperties('AWS::CodeStarNotifications::NotificationRule', {
      Targets: [{ TargetAddress: topic, TargetType: 'SNS' }],
    });
  });
});

describe('the source', () => {
  it('the source is a repository of CodeCommit', () => {
    const [source] = stagesOf(deliver(TWO_STAGES));
    expect(source?.actions[0]).toMatchObject({
      ActionTypeId: { Provider: 'CodeCommit' },
      Configuration: { RepositoryName: 'sluice', BranchName: 'main' },
    });
  });

  it('the source is a repository behind a connection, on the branch of the settings', () => {
    const delivery = deliver({
      source: 'connection',
      connectionArn: CONNECTION,
      repository: 'acme/data/sluice',
      branch: 'release',
    });
    const [source] = stagesOf(delivery);
    expect(source?.actions[0]).toMatchObject({
      ActionTypeId: { Provider: 'CodeStarSourceConnection' },
      Configuration: { ConnectionArn: CONNECTION, FullRepositoryId: 'acme/data/sluice', BranchName: 'release' },
    });
    // Connections made today have ARNs of a service that the older action does not cover.
    delivery.template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: ['codeconnections:UseConnection', 'codestar-connections:UseConnection'],
            Resource: CONNECTION,
          }),
        ]),
      },
    });
  });
});

describe('a stage', () => {
  const apart = deliver(
    {
      ...TWO_STAGES,
      account: '111111111111',
      region: 'eu-central-1',
      stages: [
        { name: 'staging' },
        { name: 'production', account: '222222222222', region: 'us-east-1', settings: { workers: { max: 16 } } },
      ],
    },
    { workers: { max: 2, heartbeatSeconds: 20 }, gate: { intervalSeconds: 45 } },
  );

  it('a stage is deployed by the roles of its own account, in its own region', () => {
    const deploys = stagesOf(apart).flatMap(({ actions }) => actions.filter(({ Name }) => Name === 'Sluice.Prepare'));
    expect(deploys.map(({ Region }) => Region ?? 'eu-central-1')).toEqual(['eu-central-1', 'us-east-1']);
    expect(deploys.map(({ Configuration }) => JSON.stringify(Configuration.RoleArn))).toEqual([
      expect.stringContaining('cdk-hnb659fds-cfn-exec-role-111111111111-eu-central-1'),
      expect.stringContaining('cdk-hnb659fds-cfn-exec-role-222222222222-us-east-1'),
    ]);
  });

  it('a stage shares a key with other accounts only if there are others', () => {
    apart.template.resourceCountIs('AWS::KMS::Key', 1);
    deliver(TWO_STAGES).template.resourceCountIs('AWS::KMS::Key', 0);
  });

  it('a stage has the settings of the app, overridden by its own', () => {
    const variables = (stage: string) =>
      JSON.stringify(apart.stages[stage]?.findResources('AWS::Lambda::Function') ?? {}).replaceAll('\\', '');
    expect(variables('staging')).toContain('"max":2');
    expect(variables('production')).toContain('"max":16');
    expect(variables('production')).not.toContain('"max":2,');
    for (const stage of ['staging', 'production']) {
      expect(apart.stages[stage]?.toJSON().Resources).toBeDefined();
      expect(JSON.stringify(apart.stages[stage]?.toJSON())).toContain('IntervalSeconds\\":45');
    }
  });
});

it("the file of the smoke run is that of the package that this repository's sample data comes from", () => {
  const { smoke } = deliverySettings.parse({ source: 'codecommit', repository: 'sluice' });
  const [{ url, expect: expected } = { url: '', expect: { sha256: '' } }] = smoke.sources as {
    url: string;
    expect: { sha256: string };
  }[];
  const path = /npm\/(vega-datasets)@([\d.]+)\/(.+)$/.exec(url);
  const folder = fileURLToPath(new URL('../../../node_modules/vega-datasets/', import.meta.url));
  expect(JSON.parse(readFileSync(`${folder}package.json`, 'utf8')).version).toBe(path?.[2]);
  const sha256 = createHash('sha256')
    .update(readFileSync(`${folder}${path?.[3]}`))
    .digest('hex');
  expect(expected.sha256).toBe(sha256);
});
