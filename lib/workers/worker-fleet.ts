import { Duration, Stack } from 'aws-cdk-lib';
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

/** The longest time that Fargate gives a container between SIGTERM and SIGKILL. */
const STOP_SECONDS = 120;

/** The worker's single file, as the bundler made it, and the command that a container runs to get it. */
export interface WorkerProgram {
  /** The file itself. */
  readonly path: string;
  /** Of the file's bytes, as hexadecimal digits: the container checks it before it runs anything. */
  readonly sha256: string;
  /** The container's command. It fetches the file, checks it and starts it. */
  readonly command: readonly string[];
  /** Native code that a processor downloads when it first needs it; empty if the setting excludes it. */
  readonly nativeFiles: readonly NativeFile[];
}

/** What a `WorkerFleet` takes. */
export interface WorkerFleetProps {
  /** The deployment's settings, as `readSettings` returns them. */
  readonly settings: Pick<Settings, 'workers' | 'sources' | 'limits' | 'logs' | 'metrics'>;
  /** Encrypts the logs. */
  readonly encryption: Encryption;
  /** Where workers read landed objects, and write outputs and records. */
  readonly storage: Storage;
  /** From where workers receive. */
  readonly queue: WorkQueue;
  /** Where workers run. */
  readonly network: Network;
  /** What workers run. */
  readonly program: WorkerProgram;
}

/**
 * The Fargate tasks, none of which runs between runs: a cluster, and a task definition that runs a public Node image
 * with the bundle from the asset bucket.
 */
export class WorkerFleet extends Construct {
  /** The cluster, which has no instances and costs nothing by itself. */
  readonly cluster: Cluster;
  /** The task that a worker is. */
  readonly task: FargateTaskDefinition;
  /** The logs of all workers. */
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
    // Set as a property of the cluster. CDK's `enableFargateCapacityProviders` creates a separate resource, which only
    // clusters with instances need, and which the embedded AWS doesn't support.
    (this.cluster.node.defaultChild as CfnCluster).capacityProviders = ['FARGATE', 'FARGATE_SPOT'];
    this.task = new FargateTaskDefinition(this, 'Task', {
      family: `${stackName}-worker`,
      cpu: settings.workers.cpu,
      memoryLimitMiB: settings.workers.memoryMiB,
      taskRole: this.#roles[0],
      executionRole: this.#roles[1],
      // A task always has 20 GiB, and CloudFormation does not accept this value.
      ...(settings.workers.diskGiB > 20 && { ephemeralStorageGiB: settings.workers.diskGiB }),
      runtimePlatform: {
        cpuArchitecture: settings.workers.architecture === 'x64' ? CpuArchitecture.X86_64 : CpuArchitecture.ARM64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
    });
    this.logGroup = props.encryption.logGroup(this, `/aws/ecs/${this.task.family}`);
    this.#addContainer();
  }

  /** A role that ECS may assume only for tasks of this account. */
  #role(id: string): Role {
    return new Role(this, id, {
      assumedBy: trusted(this, 'ecs-tasks.amazonaws.com', { service: 'ecs', resource: '*' }),
    });
  }

  /**
   * Creates the cluster only some time after ECS's service-linked role, so that all servers of IAM know the role. Roles
   * and policies are created in between, and CloudFormation waits long enough for each.
   */
  comeAfter(ecsRole: IDependable): void {
    for (const role of this.#roles) {
      (role.node.defaultChild as CfnRole).node.addDependency(ecsRole);
      this.cluster.node.addDependency(role);
    }
  }

  /** Whether each task has a public address, which costs money. */
  get assignPublicIp(): boolean {
    return this.#props.network.assignPublicIp;
  }

  /** The permissions to start workers and count them. */
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
        // Tasks get the tags of the task definition, which requires the permission to tag.
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

  /** The permissions to stop a worker that gives no sign of life. */
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
        // Landed objects can have any key, and a worker lands a source that takes too long for a Lambda.
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
    // Asset.grantRead would permit reading the whole bucket of assets.
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
      // Process 1 of the container passes signals on, and reaps the processes that items have started and left.
      linuxParameters: new LinuxParameters(this, 'Linux', { initProcessEnabled: true }),
      logging: LogDriver.awsLogs({ logGroup, streamPrefix: 'worker' }),
      environment: {
        ...Object.assign({}, ...accesses.map((access) => access.environment)),
        POWERTOOLS_LOG_LEVEL: settings.logs.level,
        SLUICE_BUNDLE_BUCKET: bundle.s3BucketName,
        SLUICE_BUNDLE_KEY: bundle.s3ObjectKey,
        SLUICE_BUNDLE_SHA256: program.sha256,
        ...(native.length > 0 && { SLUICE_DUCKDB_FILES: Stack.of(this).toJsonString(native) }),
        // DuckDB occupies a thread of Node's pool while it works; the rest of an item's process keeps its usual four.
        UV_THREADPOOL_SIZE: '5',
        SLUICE_STOP_SECONDS: String(STOP_SECONDS),
        ...groupsAsVariables(settings, 'workers', 'sources', 'limits'),
      },
    });
  }

  /** The image, and permission to pull it if it is in a private ECR repository. */
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
