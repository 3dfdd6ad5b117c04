import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { RUNS_PREFIX } from '#run/keys.ts';
import { workerProgramOf } from './bundling/worker-bundle.ts';
import { AtDeploy } from './deployment/at-deploy.ts';
import { CloseRunMachine } from './execution/close-run-machine.ts';
import { ExecutionRule } from './execution/execution-rule.ts';
import { Schedules } from './execution/schedules.ts';
import { SluiceStateMachine } from './execution/state-machine.ts';
import { Functions } from './functions/functions.ts';
import type { LambdaName } from './functions/lambda-entries.ts';
import { OwnChecks } from './functions/own-checks.ts';
import { Alerts } from './monitoring/alerts.ts';
import { Dashboard } from './monitoring/dashboard.ts';
import { LogQueries } from './monitoring/log-queries.ts';
import { QueueWatch } from './monitoring/queue-watch.ts';
import { Network } from './network/network.ts';
import { ownPackage } from './own-package.ts';
import { alertsAreOn } from './settings/alert-settings.ts';
import { readSettings } from './settings/read-settings.ts';
import type { Settings, SettingsInput } from './settings/settings.ts';
import { SETTINGS_ARE_COMPLETE } from './settings/settings-of-stage.ts';
import { Encryption } from './storage/encryption.ts';
import { Storage } from './storage/storage.ts';
import { WorkQueue } from './workers/work-queue.ts';
import { WorkerFleet, type WorkerProgram } from './workers/worker-fleet.ts';

/** What a `SluicePipeline` takes. Everything has a default. */
export interface SluicePipelineProps {
  /**
   * The settings, as under `sluice` in `cdk.json` (docs/settings.md). `-c sluice.gate.intervalSeconds=2` on the command
   * line overrides them.
   *
   * @default - all defaults
   */
  readonly settings?: SettingsInput;
  /** The program of the workers. @default - the worker of this package, bundled at synth */
  readonly workerProgram?: WorkerProgram;
  /** The entry file of each function. @default - those of `lambdas/` */
  readonly entries?: Readonly<Record<LambdaName, string>>;
}

/** What the console of CloudFormation shows beside each output. */
const OUTPUT_DESCRIPTIONS: Readonly<Record<string, string>> = {
  Version: 'The version of Sluice that is deployed',
  BucketName: 'The bucket with landed objects, outputs of processors and the records of runs',
  StateMachineArn: 'The state machine: each of its executions is a run',
  QueueUrl: 'The queue from which the workers receive items',
  DeadLetterQueueUrl: 'The queue of messages that no worker could process: docs/operations.md#dead-letters',
  UndeliveredQueueUrl:
    'The queue of starts, ends and alerts that AWS could not deliver: docs/operations.md#undelivered',
  ClusterName: 'The ECS cluster of the workers',
  TaskFamily: 'The task definition of the workers',
  AlertTopicArn: 'The SNS topic that receives the alerts: docs/operations.md#alerts',
  Warehouse: 'The Redshift warehouse that runs load, as JSON',
  WarehouseUser: 'The database user that loads tables; grant it the rights of docs/redshift.md',
  WarehouseWatchUser: 'The database user that reads the queues; grant it the role sys:monitor (docs/redshift.md)',
};

/**
 * One deployment of Sluice, in a separate stack or beside other resources. A stack can contain only one: queues,
 * functions and the state machine have names that begin with the stack's, and the command line finds them by the
 * stack's outputs.
 *
 * Between runs, nothing of it runs: it then costs only the storage of the bucket.
 *
 * @throws SettingsError with every problem of the settings at once.
 */
export class SluicePipeline extends Construct {
  /** The bucket with landed objects, outputs of processors and the records of runs. */
  readonly bucket: IBucket;
  /** The state machine. An execution of it is a run; its input is that of docs/input.md. */
  readonly stateMachine: IStateMachine;
  readonly #checks: OwnChecks;
  readonly #storage: Storage;

  constructor(
    scope: Construct,
    id: string,
    { settings: typed = {}, workerProgram, entries }: SluicePipelineProps = {},
  ) {
    super(scope, id);
    const context = this.node.tryGetContext(SETTINGS_ARE_COMPLETE) === true ? {} : this.node.getAllContext();
    const settings = readSettings({ ...context, sluice: typed });
    const { stackName } = Stack.of(this);
    const encryption = new Encryption(this, 'Encryption', settings);
    const storage = new Storage(this, 'Storage', { settings, encryption });
    const queue = new WorkQueue(this, 'Work', { settings, encryption });
    const network = new Network(this, 'Network', { settings, encryption });
    const workers = new WorkerFleet(this, 'Workers', {
      settings,
      encryption,
      storage,
      queue,
      network,
      program: workerProgram ?? workerProgramOf(settings),
    });
    const checks = new OwnChecks(this, 'Checks', { settings, encryption });
    const functions = new Functions(this, 'Functions', {
      settings,
      encryption,
      storage,
      queue,
      workers,
      checks,
      ...(entries && { entries }),
    });
    const atDeploy = new AtDeploy(this, 'AtDeploy', { call: functions.get('at-deploy'), encryption });
    workers.comeAfter(atDeploy.ecsRole);
    // A change of the key that would make data unreadable is refused before anything changes.
    for (const kept of [storage.bucket, queue.queue, queue.deadLetters]) kept.node.addDependency(atDeploy.key);
    const { stateMachine: closing } = new CloseRunMachine(this, 'Closing', { settings, encryption, functions });
    const { stateMachine } = new SluiceStateMachine(this, 'Run', {
      settings,
      encryption,
      storage,
      functions,
      closeRun: closing,
    });

    // Starts and ends of runs that could not be delivered, and events on which ReopenRun failed. The dead letters of
    // the work are in another queue, which the gatekeeper drains.
    const undelivered = new Queue(this, 'Undelivered', {
      ...encryption.queue(),
      queueName: `${stackName}-undelivered`,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    // An execution that is stopped or times out does not run its Catches.
    const closeRun = new ExecutionRule(this, 'CloseRun', {
      description: 'Closes runs whose execution failed, timed out or was stopped',
      stateMachine,
      when: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'] },
      call: closing,
      undelivered,
    });
    // The rule's queue receives events that can't be delivered to the function. Events on which the function itself
    // fails, twice more, are sent here.
    functions.get('reopen-run').configureAsyncInvoke({
      onFailure: new SqsDestination(undelivered),
      maxEventAge: Duration.hours(6),
      retryAttempts: 2,
    });
    const reopenRun = new ExecutionRule(this, 'ReopenRun', {
      description: 'Opens a closed run again when its execution is redriven',
      stateMachine,
      when: { status: ['RUNNING'], redriveCount: [{ numeric: ['>', 0] }] },
      call: functions.get('reopen-run'),
      undelivered,
    });
    const schedules = new Schedules(this, 'Schedules', {
      schedules: settings.schedules,
      encryption,
      stateMachine,
      undelivered,
    });
    // This is the last dependency: a run that a schedule starts early would leave objects in a bucket that a failed
    // first deploy has to remove.
    schedules.node.addDependency(closeRun, reopenRun);

    if (settings.redshift?.watch === true) new QueueWatch(this, 'QueueWatch', { functions, undelivered });
    const alerts = alertsAreOn(settings.alerts)
      ? new Alerts(this, 'Alerts', {
          settings,
          encryption,
          functions,
          runs: stateMachine,
          closing,
          deadLetters: queue.deadLetters,
          undelivered,
        })
      : undefined;

    new LogQueries(this, 'Queries', { logGroups: [...functions.logGroups, ...checks.logGroups, workers.logGroup] });
    if (settings.metrics.dashboard) {
      new Dashboard(this, 'Dashboard', {
        settings,
        functions,
        runs: stateMachine,
        queue: queue.queue,
        deadLetters: queue.deadLetters,
        undelivered,
        doneLogs: functions.logGroup('done'),
        alarms: alerts?.alarms ?? [],
      });
    }

    const outputs = {
      Version: ownPackage.version,
      BucketName: storage.bucket.bucketName,
      StateMachineArn: stateMachine.stateMachineArn,
      QueueUrl: queue.queue.queueUrl,
      DeadLetterQueueUrl: queue.deadLetters.queueUrl,
      UndeliveredQueueUrl: undelivered.queueUrl,
      ClusterName: workers.cluster.clusterName,
      TaskFamily: workers.task.family,
      ...(alerts && { AlertTopicArn: alerts.topic.topicArn }),
    };
    // The command line finds a deployment by these names.
    for (const [name, value] of Object.entries({ ...outputs, ...warehouseOutputs(settings, functions) })) {
      const description = OUTPUT_DESCRIPTIONS[name];
      new CfnOutput(this, name, { value, ...(description !== undefined && { description }) }).overrideLogicalId(name);
    }
    this.#checks = checks;
    this.bucket = storage.bucket;
    this.stateMachine = stateMachine;
    this.#storage = storage;
  }

  /**
   * The function of one of the checks of `gate.checks`. It may write its log, and nothing else: grant it what it has to
   * read.
   *
   * ```ts
   * table.grantReadData(pipeline.check('export-done'));
   * ```
   *
   * @throws SettingsError if `gate.checks` has no such name.
   */
  check(name: string): IFunction {
    return this.#checks.get(name);
  }

  /**
   * The permission to read the records of runs.
   *
   * @param runs their ids, as a pattern: `nightly-*`.
   */
  permissionToReadRuns(runs: string): readonly PolicyStatement[] {
    return this.#storage.access({ read: [`${RUNS_PREFIX}${runs}`] }).statements;
  }
}

/** What a person needs to grant Sluice access to the warehouse, and what the command line needs to find it. */
function warehouseOutputs({ redshift }: Settings, functions: Functions): Record<string, string> {
  if (redshift === undefined) return {};
  const { workgroup, cluster, database, secretArn, dbUser } = redshift;
  const Warehouse = JSON.stringify({ workgroup, cluster, database });
  if (secretArn !== undefined || dbUser !== undefined) return { Warehouse };
  const userOf = (name: LambdaName) => `IAMR:${functions.get(name).role?.roleName}`;
  return {
    Warehouse,
    WarehouseUser: userOf('load'),
    ...(redshift.watch && { WarehouseWatchUser: userOf('watch-queues') }),
  };
}
