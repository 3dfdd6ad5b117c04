import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CloudFormationClient, DescribeStacksCommand, GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '#local/run-command.ts';
import { type BuildEnd, type BuildSpec, runBuild } from '#test/helpers/code-build.ts';
import { startTestAws } from '#test/helpers/embedded-aws.ts';
import { assumeRole, createRole } from '#test/helpers/iam.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';
import { deliver } from '#test/lib/delivery/deliver.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CDK = join(ROOT, 'node_modules/aws-cdk/bin/cdk');
const STACK = 'Staging';

/** What fits this machine, and what its emulator can do: see local/deploy.ts. */
const SETTINGS = {
  gate: { intervalSeconds: 1, attempts: 300 },
  workers: { max: 2, idleSeconds: 5, itemMinutes: 5 },
  ingest: { children: 3 },
  network: { restrictDefaultSecurityGroup: false },
  sources: { ports: [] },
};

let aws: Awaited<ReturnType<typeof startTestAws>>;
let web: Web;
let credentials: Web;
let isThere = true;
/** Set where the source gives no answer. */
let held: Promise<void> | undefined;
/** A copy of this checkout in which nothing is installed. */
let clone: string;
let builds = 0;
let smokes = 0;

interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a resource of a template has any shape
  readonly Properties: any;
}

beforeAll(async () => {
  aws = await startTestAws();
  web = await startWeb(async (_, response) => {
    await held;
    if (!isThere) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': 'text/csv' }).end('city,people\nRiga,605802\nTartu,97759\n');
  });
  clone = join(aws.folder, 'clone');
  mkdirSync(clone);
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT });
  const tar = execFileSync('tar', ['-c', '--null', '--ignore-failed-read', '-T', '-'], {
    cwd: ROOT,
    input: files,
    maxBuffer: 512 * 1_048_576,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  execFileSync('tar', ['-x', '-C', clone], { input: tar });
  await cdk('bootstrap', 'bootstrap', `aws://${aws.account}/${aws.region}`);
});
afterAll(async () => {
  await web?.stop();
  await credentials?.stop();
  await aws?.stop();
});

/** In a folder without a cdk.json, so that nothing is synthesised. */
function cdk(name: string, ...args: string[]): Promise<void> {
  return runCommand(process.execPath, [CDK, ...args, '--no-notices', '--no-version-reporting', '--no-color'], {
    cwd: aws.folder,
    env: { ...aws.childEnv, CDK_DISABLE_CLI_TELEMETRY: 'true' },
    logFile: join(aws.folder, `cdk-${name}.log`),
  });
}

const delivery = (sources: object) => ({
  source: 'codecommit',
  repository: 'sluice',
  // The local run deploys as the end-to-end tests do, beside the settings of the delivery.
  test: 'npx vitest run --project cdk test/lib/settings && npm start',
  stages: [{ name: 'staging', settings: { stackName: STACK, sources } }],
  smoke: {
    sources: [{ url: `${web.url}/cities.csv`, key: 'smoke/cities.csv', ifExists: 'overwrite' }],
    process: 'profile',
  },
});

/** Writes the settings that a person would commit. */
function commit(sources: object): void {
  const file = join(clone, 'cdk.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as { context: Record<string, unknown> };
  config.context.sluice = { ...SETTINGS, delivery: delivery(sources) };
  writeFileSync(file, JSON.stringify(config));
}

const GOOD = { openRanges: ['127.0.0.0/8'] };
/** Sluice refuses to fetch from this machine. */
const BAD = {};

/** The environment of a build, as CodeBuild gives it, and the emulator's address. */
const environment = (more: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  CODEBUILD_CI: 'true',
  CODEBUILD_BUILD_ID: `build:${++builds}`,
  AWS_REGION: aws.region,
  AWS_DEFAULT_REGION: aws.region,
  AWS_ENDPOINT_URL: aws.endpoint,
  npm_config_prefer_offline: 'true',
  // Workers are processes here, as in each local run.
  SLUICE_LOCAL_WORKERS: 'true',
  ...more,
});

/** The template that a build has left of the pipeline. */
function pipelineTemplate(assembly: string): Record<string, Resource> {
  const text = readFileSync(join(assembly, 'SluiceDelivery.template.json'), 'utf8');
  return (JSON.parse(text) as { Resources: Record<string, Resource> }).Resources;
}

/**
 * The values of CloudFormation's references that stand in a project and its role; a resource becomes an ARN that
 * nothing has.
 */
function resolved(value: unknown): unknown {
  const pseudo: Record<string, string> = {
    'AWS::Partition': 'aws',
    'AWS::AccountId': aws.account,
    'AWS::Region': aws.region,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  return JSON.parse(JSON.stringify(value), (_, one) => {
    if (one === null || typeof one !== 'object') return one;
    if (typeof one.Ref === 'string') return pseudo[one.Ref] ?? one.Ref;
    if (Array.isArray(one['Fn::GetAtt'])) return `arn:aws:none:::${one['Fn::GetAtt'][0]}`;
    return Array.isArray(one['Fn::Join']) ? one['Fn::Join'][1].join(one['Fn::Join'][0]) : one;
  });
}

/** A project of CodeBuild: its commands, its variables, and the role that it runs with. */
function projectWith(command: string, resources: Record<string, Resource>) {
  const project = Object.values(resources).find(
    ({ Type, Properties }) =>
      Type === 'AWS::CodeBuild::Project' && String(Properties.Source.BuildSpec).includes(command),
  );
  if (project === undefined) throw new Error(`no project runs ${command}`);
  const { Source, Environment, ServiceRole } = project.Properties;
  const role: string = ServiceRole['Fn::GetAtt'][0];
  const statements = Object.values(resources)
    .filter(({ Type, Properties }) => Type === 'AWS::IAM::Policy' && Properties.Roles[0].Ref === role)
    .flatMap(
      ({ Properties }) => resolved(Properties.PolicyDocument.Statement) as { Action: string; Resource: string }[],
    );
  return {
    spec: JSON.parse(Source.BuildSpec) as BuildSpec,
    variables: Object.fromEntries(
      (resolved(Environment.EnvironmentVariables ?? []) as { Name: string; Value: string }[]).map(({ Name, Value }) => [
        Name,
        Value,
      ]),
    ),
    roleName: String(resources[role]?.Properties.RoleName),
    grants: statements.map(({ Action, Resource }) => ({ actions: [Action].flat(), resources: [Resource].flat() })),
  };
}

/** Runs build commands on what is committed, and takes the assembly away. */
async function build(spec: BuildSpec): Promise<BuildEnd & { assembly: string }> {
  const end = await runBuild(spec, {
    folder: clone,
    env: environment({}),
    logFile: join(aws.folder, `build-${builds}.log`),
  });
  const assembly = join(aws.folder, `assembly-${builds}`);
  if (end.code === 0) renameSync(join(clone, 'cdk.out'), assembly);
  return { ...end, assembly };
}

/** What the actions of CloudFormation do with the assembly: they publish the assets and deploy the stage's stack. */
const deploy = (assembly: string) =>
  cdk(
    `deploy-${++builds}`,
    'deploy',
    'SluiceDelivery/staging/*',
    '--app',
    assembly,
    '--require-approval',
    'never',
    '--method',
    'direct',
  );

/**
 * The smoke run of the stage, with the rights of its own role. What the first one has installed is there for the
 * others.
 */
async function smoke(assembly: string, minutes?: number): Promise<BuildEnd> {
  const { spec, variables, roleName, grants } = projectWith('sluice smoke', pipelineTemplate(assembly));
  if (credentials === undefined) {
    const role = await createRole(aws.client, roleName, 'root', grants);
    const keys = await assumeRole(aws.client, role);
    credentials = await startWeb((_, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(
        JSON.stringify({
          AccessKeyId: keys.accessKeyId,
          SecretAccessKey: keys.secretAccessKey,
          Token: keys.sessionToken,
          Expiration: new Date(Date.now() + 3_600_000).toISOString(),
        }),
      ),
    );
  }
  const { install = {}, ...others } = spec.phases;
  const phases = smokes++ === 0 ? { install, ...others } : others;
  if (minutes !== undefined) {
    const asked = JSON.stringify(phases).replace(/--minutes \d+/, `--minutes ${minutes}`);
    expect(asked).not.toBe(JSON.stringify(phases));
    Object.assign(phases, JSON.parse(asked));
  }
  return runBuild(
    { ...spec, phases },
    {
      folder: clone,
      env: environment({ ...variables, AWS_CONTAINER_CREDENTIALS_FULL_URI: `${credentials.url}/role` }),
      logFile: join(aws.folder, `smoke-${builds}.log`),
    },
  );
}

async function deployedTemplate(): Promise<string> {
  const client = new CloudFormationClient(aws.client);
  const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName: STACK }));
  expect(stack?.StackStatus).toMatch(/^(CREATE|UPDATE)_COMPLETE$/);
  const { TemplateBody = '' } = await client.send(
    new GetTemplateCommand({ StackName: STACK, TemplateStage: 'Original' }),
  );
  return TemplateBody;
}

describe('a delivery to one stage', () => {
  let bad: string;
  let good: string;

  it('the commands of the pipeline build a delivery in a folder where nothing is installed', async () => {
    commit(BAD);
    // As the laptop's deploy has given it to CodeBuild.
    const { spec } = projectWith('npm run synth', deliver(delivery(BAD)).template.toJSON().Resources);
    const built = await build(spec);
    expect(built.code, built.output).toBe(0);
    expect(built.output).toContain('Test Files');
    expect(built.output).toContain('13 of 14 done');
    bad = built.assembly;
    // The pipeline that changes itself stays as it is.
    expect(projectWith('npm run synth', pipelineTemplate(bad)).spec).toEqual(spec);

    commit(GOOD);
    const again = await build({ version: '0.2', phases: { build: { commands: ['npm run synth'] } } });
    expect(again.code, again.output).toBe(0);
    good = again.assembly;
  }, 1_800_000);

  it('smoke reports that there is no earlier template if the run of the first deploy fails', async () => {
    await deploy(bad);
    const before = await deployedTemplate();
    const { code, output } = await smoke(bad);
    expect(output).toContain('not-rolled-back: ');
    expect(output).toContain('no earlier deploy of the stack Staging has passed');
    expect(output).toContain('source-forbidden');
    expect(code).toBe(1);
    expect(await deployedTemplate()).toBe(before);
  }, 600_000);

  it('smoke stores the template of a deploy whose run is complete', async () => {
    await deploy(good);
    const { code, output } = await smoke(good);
    expect(code, output).toBe(0);
    expect(output).toMatch(/The deployed template is stored as s3:\/\/\S+\/Staging\.template\.json/);
  }, 600_000);

  it('smoke deploys the stored template if the run of a later deploy is not complete, and the next run works', async () => {
    const passed = await deployedTemplate();
    await deploy(bad);
    expect(await deployedTemplate()).not.toBe(passed);
    const { code, output } = await smoke(bad);
    expect(output).toContain('rolled-back: ');
    expect(output).toContain('the template of the last deploy that passed to the stack Staging');
    expect(code).toBe(1);
    expect(await deployedTemplate()).toBe(passed);
    const again = await smoke(good);
    expect(again.code, again.output).toBe(0);
  }, 600_000);

  it('smoke stops a run that takes longer than the limit', async () => {
    let letGo = () => {};
    held = new Promise((resolve) => {
      letGo = resolve;
    });
    try {
      const { code, output } = await smoke(good, 1);
      expect(output).toContain('took longer than 1 minute, so the command stopped it');
      expect(code).toBe(1);
    } finally {
      letGo();
      held = undefined;
    }
    const client = new CloudFormationClient(aws.client);
    const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName: STACK }));
    const stateMachineArn = stack?.Outputs?.find(({ OutputKey }) => OutputKey === 'StateMachineArn')?.OutputValue;
    const sfn = new SFNClient(aws.client);
    const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn }));
    const latest = executions.toSorted((one, other) => Number(other.startDate) - Number(one.startDate))[0];
    expect(latest).toMatchObject({ name: expect.stringMatching(/^smoke-/), status: 'ABORTED' });
  }, 600_000);

  it('smoke reports that the deploy is not the cause if the run of the stored template fails too', async () => {
    isThere = false;
    const { code, output } = await smoke(good);
    expect(output).toContain('so the deploy changed nothing');
    expect(code).toBe(1);
  }, 600_000);
});
