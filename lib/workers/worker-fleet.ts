import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import {
  type CfnCluster,
  Cluster,
  ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  LinuxParameters,
  LogDriver,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import { type CfnRole, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct, type IDependable } from 'constructs';
import { TABLES_PREFIX } from '#run/keys.ts';
import { groupsAsVariables } from '#run/settings/groups.ts';
import type { NativeFile } from '../bundling/native-files.ts';
import { metricsAccess } from '../monitoring/metrics-access.ts';
import type { Network } from '../network/network.ts';
import { type Access, leave } from '../permissions/access.ts';
import { credentialAccess } from '../permissions/credential-access.ts';
import { trusted } from '../permissions/service-trust.ts';
import type { Settings } from '../settings/settings.ts';
import type { Encryption } from '../storage/encryption.ts';
import type { Storage } from '../storage/storage.ts';
import type { WorkQueue } from './work-queue.ts';
import { workerImage } from './worker-image.ts';

/** The most that Fargate gives a container between SIGTERM and SIGKILL. */
const STOP_SECONDS = 120;

/** The worker's one file, as the bundler made it, and what a container runs to get it. */
export interface WorkerProgram {
  /** The file itself. */
  readonly path: string;
  /** Of the file's bytes, as hexadecimal digits: the container checks it before it runs anything. */
  readonly sha256: string;
  readonly command: readonly string[];
  /** Native code that a processor fetches when it first needs it; none where the setting leaves it out. */
  readonly nativeFiles: readonly NativeFile[];
}

export interface WorkerFleetProps {
  readonly settings: Pick<Settings, 'workers' | 'sources' | 'limits' | 'logs' | 'metrics'>;
  readonly encryption: Encryption;
  readonly storage: Storage;
  readonly queue: WorkQueue;
  readonly network: Network;
  readonly program: WorkerProgram;
}

/**
 * The Fargate tasks, of which none runs between runs: a cluster, and a task definition that runs a public Node image with
 * the bundle from the asset bucket.
 */
export class WorkerFleet extends Construct {
  readonly cluster: Cluster;
  readonly task: FargateTaskDefinition;
  readonly logGroup: ILogGroup;
  readonly #props: WorkerFleetProps;
  readonly #roles: readonly [task: Role, execution: Role];

  constructor(scope: Construct, id: string, props: WorkerFleetProps) {
    super(scope, id);
    this.#props = props;
    const { settings, network } = props;
    this.#roles = [this.#role('TaskRole'), this.#role('ExecutionRole')];
    const { stackName } = Stack.of(this);
    this.cluster = new Cluster(this, 'Cluster', { clusterName: stackName, vpc: network.vpc });
    // As a property of the cluster. CDK's `enableFargateCapacityProviders` makes a resource of its own for it, which only
    // clusters with instances need, and which the embedded AWS doesn't have.
    (this.cluster.node.defaultChild as CfnCluster).capacityProviders = ['FARGATE', 'FARGATE_SPOT'];
    this.task = new FargateTaskDefinition(this, 'Task', {
      family: `${stackName}-worker`,
      cpu: settings.workers.cpu,
      memoryLimitMiB: settings.workers.memoryMiB,
      taskRole: this.#roles[0],
      executionRole: this.#roles[1],
      // 20 GiB is what a task has anyway, and no value that CloudFormation takes.
      ...(settings.workers.diskGiB > 20 && { ephemeralStorageGiB: settings.workers.diskGiB }),
      runtimePlatform: {
        cpuArchitecture: settings.workers.architecture === 'x64' ? CpuArchitecture.X86_64 : CpuArchitecture.ARM64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
    });
    this.logGroup = props.encryption.logGroup(this, `/aws/ecs/${this.task.family}`);
    this.#addContainer();
  }

  /** A role that ECS takes on for tasks of this account alone. */
  #role(id: string): Role {
    return new Role(this, id, {
      assumedBy: trusted(this, 'ecs-tasks.amazonaws.com', { service: 'ecs', resource: '*' }),
    });
  }

  /**
   * Keeps the cluster back until ECS's service-linked role is there, and for some time more, in which IAM tells all its
   * servers: between the two come roles and policies, for each of which CloudFormation waits long enough.
   */
  comeAfter(ecsRole: IDependable): void {
    for (const role of this.#roles) {
      (role.node.defaultChild as CfnRole).node.addDependency(ecsRole);
      this.cluster.node.addDependency(role);
    }
  }

  /** Each has a public address, which costs. */
  get assignPublicIp(): boolean {
    return this.#props.network.assignPublicIp;
  }

  /** What starting workers and counting them needs. */
  access(): Access {
    const { settings, network } = this.#props;
    const inCluster = { ArnEquals: { 'ecs:cluster': this.cluster.clusterArn } };
    const tasks = this.#arnOf('task', `${this.cluster.clusterName}/*`);
    return {
      environment: {
        SLUICE_CLUSTER: this.cluster.clusterName,
        SLUICE_TASK_FAMILY: this.task.family,
        SLUICE_SUBNETS: network.subnets.map((subnet) => subnet.subnetId).join(','),
        SLUICE_SECURITY_GROUPS: network.securityGroup.securityGroupId,
        SLUICE_ASSIGN_PUBLIC_IP: String(network.assignPublicIp),
        ...groupsAsVariables(settings, 'workers'),
      },
      statements: [
        new PolicyStatement({
          actions: ['ecs:RunTask'],
          // Any revision: tasks are started by family.
          resources: [this.#arnOf('task-definition', `${this.task.family}:*`)],
          conditions: inCluster,
        }),
        // Tasks take over the task definition's tags, which is tagging.
        new PolicyStatement({
          actions: ['ecs:TagResource'],
          resources: [tasks],
          conditions: { StringEquals: { 'ecs:CreateAction': 'RunTask' } },
        }),
        // Listing by family has no resource of its own; the cluster is a condition.
        new PolicyStatement({ actions: ['ecs:ListTasks'], resources: ['*'], conditions: inCluster }),
        new PolicyStatement({ actions: ['ecs:DescribeTasks'], resources: [tasks], conditions: inCluster }),
        new PolicyStatement({
          actions: ['iam:PassRole'],
          resources: [this.task.taskRole.roleArn, this.task.obtainExecutionRole().roleArn],
          conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
        }),
      ],
    };
  }

  /** What stopping a worker needs that gives no sign of life. */
  stopAccess(): Access {
    return leave({
      actions: ['ecs:StopTask'],
      resources: [this.#arnOf('task', `${this.cluster.clusterName}/*`)],
      conditions: { ArnEquals: { 'ecs:cluster': this.cluster.clusterArn } },
    });
  }

  #arnOf(resource: string, resourceName: string): string {
    return Stack.of(this).formatArn({
      service: 'ecs',
      resource,
      resourceName,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
  }

  #addContainer(): void {
    const { settings, storage, queue, program } = this.#props;
    const { workers } = settings;
    const bundle = new Asset(this, 'Bundle', { path: program.path });
    const native = program.nativeFiles.map(({ name, path, sha256 }) => {
      const { s3ObjectKey } = new Asset(this, `Native-${name}`, { path });
      return { name, key: s3ObjectKey, sha256 };
    });
    const { logGroup } = this;
    const accesses = [
      storage.access({
        // Landed objects lie wherever their keys say, and a source that takes too long for a Lambda is landed by a worker.
        read: ['*'],
        write: ['*'],
        remove: [`${TABLES_PREFIX}*`],
        uploads: ['*'],
      }),
      queue.access('take', 'hold', 'send'),
      credentialAccess(this, settings.sources),
      metricsAccess(this, settings),
    ];
    for (const statement of accesses.flatMap((access) => access.statements)) this.task.addToTaskRolePolicy(statement);
    // Asset.grantRead would open the whole bucket of assets.
    this.task.addToTaskRolePolicy(
      new PolicyStatement({
        actions: ['s3:GetObject'],
        resources: [bundle.s3ObjectKey, ...native.map(({ key }) => key)].map((key) => bundle.bucket.arnForObjects(key)),
      }),
    );
    const image = workerImage(workers);
    this.task.addContainer('worker', {
      image: this.#image(image.name),
      ...(image.user !== undefined && { user: image.user }),
      command: [...program.command],
      stopTimeout: Duration.seconds(STOP_SECONDS),
      // Process 1 of the container passes signals on, and collects what the processes of items have started and left.
      linuxParameters: new LinuxParameters(this, 'Linux', { initProcessEnabled: true }),
      logging: LogDriver.awsLogs({ logGroup, streamPrefix: 'worker' }),
      environment: {
        ...Object.assign({}, ...accesses.map((access) => access.environment)),
        POWERTOOLS_LOG_LEVEL: settings.logs.level,
        SLUICE_BUNDLE_BUCKET: bundle.s3BucketName,
        SLUICE_BUNDLE_KEY: bundle.s3ObjectKey,
        SLUICE_BUNDLE_SHA256: program.sha256,
        ...(native.length > 0 && { SLUICE_DUCKDB_FILES: Stack.of(this).toJsonString(native) }),
        // DuckDB holds a thread of Node's pool while it works; the rest of an item's process keeps its usual four.
        UV_THREADPOOL_SIZE: '5',
        SLUICE_STOP_SECONDS: String(STOP_SECONDS),
        ...groupsAsVariables(settings, 'workers', 'sources', 'limits'),
      },
    });
  }

  /** The image, and leave to pull it where it lies in a private ECR repository. */
  #image(name: string): ContainerImage {
    const ecr =
      /^(?<account>\d{12})\.dkr\.ecr\.(?<region>[a-z0-9-]+)\.[^/]+\/(?<repositoryName>[^:@]+)(?::(?<tag>[^@]+))?(?:@(?<digest>.+))?$/.exec(
        name,
      )?.groups;
    if (ecr === undefined) return ContainerImage.fromRegistry(name);
    const { account = '', region = '', repositoryName = '', tag = 'latest', digest = tag } = ecr;
    const repositoryArn = Stack.of(this).formatArn({
      service: 'ecr',
      account,
      region,
      resource: 'repository',
      resourceName: repositoryName,
    });
    const repository = Repository.fromRepositoryAttributes(this, 'Repository', { repositoryArn, repositoryName });
    return ContainerImage.fromEcrRepository(repository, digest);
  }
}
