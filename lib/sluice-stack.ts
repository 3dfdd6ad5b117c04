import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { AtDeploy } from './deployment/at-deploy.ts';
import { CloseRunMachine } from './execution/close-run-machine.ts';
import { ExecutionRule } from './execution/execution-rule.ts';
import { Schedules } from './execution/schedules.ts';
import { SluiceStateMachine } from './execution/state-machine.ts';
import { Functions } from './functions/functions.ts';
import type { LambdaName } from './functions/lambda-entries.ts';
import { Network } from './network/network.ts';
import type { Settings } from './settings/settings.ts';
import { Encryption } from './storage/encryption.ts';
import { Storage } from './storage/storage.ts';
import { WorkQueue } from './workers/work-queue.ts';
import { type WorkerProgram, Workers } from './workers/workers.ts';

export interface SluiceStackProps extends StackProps {
  readonly settings: Settings;
  readonly workerProgram: WorkerProgram;
  /** The entry file of each function. @default - those of `lambdas/` */
  readonly entries?: Readonly<Record<LambdaName, string>>;
}

/** One deployment of Sluice. Between runs nothing of it runs: what it costs then is the storage of the bucket. */
export class SluiceStack extends Stack {
  constructor(scope: Construct, id: string, { settings, workerProgram, entries, ...props }: SluiceStackProps) {
    super(scope, id, props);
    const encryption = new Encryption(this, 'Encryption', settings);
    const storage = new Storage(this, 'Storage', { settings, encryption });
    const queue = new WorkQueue(this, 'Work', { settings, encryption });
    const network = new Network(this, 'Network', { settings, encryption });
    const workers = new Workers(this, 'Workers', {
      settings,
      encryption,
      storage,
      queue,
      network,
      program: workerProgram,
    });
    const functions = new Functions(this, 'Functions', {
      settings,
      encryption,
      storage,
      queue,
      workers,
      ...(entries && { entries }),
    });
    const atDeploy = new AtDeploy(this, 'AtDeploy', { call: functions.get('at-deploy'), encryption });
    workers.comeAfter(atDeploy.ecsRole);
    // A change of the key that would leave data behind is refused before anything has changed.
    for (const kept of [storage.bucket, queue.queue, queue.deadLetters]) kept.node.addDependency(atDeploy.key);
    const { stateMachine: closing } = new CloseRunMachine(this, 'Closing', { settings, encryption, functions });
    const { stateMachine } = new SluiceStateMachine(this, 'Run', {
      settings,
      encryption,
      storage,
      functions,
      closeRun: closing,
    });

    // Starts and ends of runs that could not be delivered, and what ReopenRun failed on. Apart from the work's dead letters,
    // which the gatekeeper drains.
    const undelivered = new Queue(this, 'Undelivered', {
      ...encryption.queue(),
      queueName: `${this.stackName}-undelivered`,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    // An execution that is stopped or times out runs none of its own Catches.
    const closeRun = new ExecutionRule(this, 'CloseRun', {
      description: 'Closes runs whose execution failed, timed out or was stopped',
      stateMachine,
      when: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'] },
      call: closing,
      undelivered,
    });
    // The rule's queue takes what can't be handed to the function. What the function itself fails on, twice more, goes here.
    functions.get('reopen-run').configureAsyncInvoke({
      onFailure: new SqsDestination(undelivered),
      maxEventAge: Duration.hours(6),
      retryAttempts: 2,
    });
    const reopenRun = new ExecutionRule(this, 'ReopenRun', {
      description: 'Opens runs again whose execution was redriven',
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
    // Last: a run that a schedule has started would leave objects in a bucket that a failed first deploy has to remove.
    schedules.node.addDependency(closeRun, reopenRun);

    const outputs = {
      BucketName: storage.bucket.bucketName,
      StateMachineArn: stateMachine.stateMachineArn,
      QueueUrl: queue.queue.queueUrl,
      DeadLetterQueueUrl: queue.deadLetters.queueUrl,
      UndeliveredQueueUrl: undelivered.queueUrl,
      ClusterName: workers.cluster.clusterName,
      TaskFamily: workers.task.family,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
