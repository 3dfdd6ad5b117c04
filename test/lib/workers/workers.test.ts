import { readFileSync } from 'node:fs';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { synthesise, WORKER_SHA256 } from '../synthesise.ts';

const { devDependencies } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));

interface Container {
  Image: string;
  Command: string[];
  StopTimeout: number;
  LinuxParameters: { InitProcessEnabled: boolean };
  User?: string;
  Environment: { Name: string; Value: unknown }[];
}

function containerOf(settings: Record<string, unknown> = {}): Container {
  const [task] = Object.values(synthesise(settings).findResources('AWS::ECS::TaskDefinition'));
  return task?.Properties.ContainerDefinitions[0];
}

describe('the worker task', () => {
  const template = synthesise();

  it('the worker task runs on arm64 Fargate, in a family that is started by name', () => {
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Family: 'Sluice-worker',
      RequiresCompatibilities: ['FARGATE'],
      Cpu: '1024',
      Memory: '2048',
      RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
    });
  });

  it('the worker task runs on x64, and with more disk, if the settings say so', () => {
    synthesise({ 'workers.architecture': 'x64', 'workers.diskGiB': 50 }).hasResourceProperties(
      'AWS::ECS::TaskDefinition',
      { RuntimePlatform: { CpuArchitecture: 'X86_64' }, EphemeralStorage: { SizeInGiB: 50 } },
    );
  });

  it('the worker task names its native files with their checksums, and reserves a thread of the pool for them', () => {
    const environment = new Map(containerOf().Environment.map(({ Name, Value }) => [Name, Value]));
    expect(JSON.parse(String(environment.get('SLUICE_DUCKDB_FILES')))).toEqual([
      { name: 'duckdb.node', key: expect.stringMatching(/^[0-9a-f]{64}\.zst$/), sha256: 'cd'.repeat(32) },
    ]);
    expect(environment.get('UV_THREADPOOL_SIZE')).toBe('5');
  });

  it('the worker task has both capacity providers and no service', () => {
    template.hasResourceProperties('AWS::ECS::Cluster', { CapacityProviders: ['FARGATE', 'FARGATE_SPOT'] });
    template.resourceCountIs('AWS::ECS::Service', 0);
  });

  it('the worker task uses the public image of exactly the Node with which this project is tested, and has two minutes to stop', () => {
    const container = containerOf();
    expect(container.Image).toBe(`public.ecr.aws/docker/library/node:${devDependencies.node}-bookworm-slim`);
    expect(container.User).toBe('node');
    expect(container.StopTimeout).toBe(120);
    expect(container.LinuxParameters).toMatchObject({ InitProcessEnabled: true });
  });

  it('the worker task has a digest only if one is set', () => {
    const digest = `sha256:${'c'.repeat(64)}`;
    expect(containerOf().Image).not.toContain('@');
    expect(containerOf({ 'workers.imageDigest': digest }).Image).toMatch(new RegExp(`-bookworm-slim@${digest}$`));
  });

  it("the worker task uses an image of the user, with the image's own user", () => {
    const container = containerOf({ 'workers.image': 'ghcr.io/example/worker:7' });
    expect(container.Image).toBe('ghcr.io/example/worker:7');
    expect(container).not.toHaveProperty('User');
  });

  it('the worker task may pull an image in a private ECR repository, and only from that repository', () => {
    const own = synthesise({ 'workers.image': '111111111111.dkr.ecr.eu-central-1.amazonaws.com/team/worker:7' });
    own.hasResourceProperties('AWS::IAM::Policy', {
      PolicyName: Match.stringLikeRegexp('ExecutionRole'),
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: Match.arrayWith(['ecr:BatchGetImage']),
            Resource: {
              'Fn::Join': [
                '',
                ['arn:', { Ref: 'AWS::Partition' }, ':ecr:eu-central-1:111111111111:repository/team/worker'],
              ],
            },
          }),
        ]),
      },
    });
  });

  it('the worker task fetches the bundle by key and SHA-256, and may read only that key', () => {
    const environment = Object.fromEntries(containerOf().Environment.map(({ Name, Value }) => [Name, Value]));
    expect(environment.SLUICE_BUNDLE_SHA256).toBe(WORKER_SHA256);
    expect(environment.SLUICE_BUNDLE_KEY).toMatch(/^[0-9a-f]{64}\.mjs$/);
    const policies = JSON.stringify(template.findResources('AWS::IAM::Policy'));
    expect(policies).toContain(`/${environment.SLUICE_BUNDLE_KEY}"`);
    expect(policies).not.toMatch(/cdk-hnb659fds-assets-[^"]*"\},"\/\*"/);
  });
});
