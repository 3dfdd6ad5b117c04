import { Duration, Stack } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { PricedDeployment } from '#page/cost/priced-deployment.ts';
import { EVENT_KINDS } from '#run/events/event.ts';
import { QUEUES_PREFIX, REOPENED, RUNS_PREFIX, SLOTS_PREFIX, WATCH_PREFIX } from '#run/keys.ts';
import { groupsAsVariables } from '#run/settings/groups.ts';
import { slicesPerBatch } from '#stepfunctions/history.ts';
import { bundleLambdas } from '../bundling/lambda-bundles.ts';
import { ecsRoleAccess } from '../deployment/at-deploy.ts';
import { eventAccess } from '../monitoring/event-access.ts';
import { metricsAccess } from '../monitoring/metrics-access.ts';
import { type Access, leave, variables } from '../permissions/access.ts';
import { credentialAccess } from '../permissions/credential-access.ts';
import { warehouseAccess } from '../permissions/warehouse-access.ts';
import { alertsAreOn } from '../settings/alert-settings.ts';
import type { Settings } from '../settings/settings.ts';
import { planVariables } from '../settings/settings-rules.ts';
import type { Encryption } from '../storage/encryption.ts';
import type { Storage } from '../storage/storage.ts';
import type { WorkQueue } from '../workers/work-queue.ts';
import type { WorkerFleet } from '../workers/worker-fleet.ts';
import { LAMBDA_NAMES, type LambdaName, lambdaEntries } from './lambda-entries.ts';
import type { OwnChecks } from './own-checks.ts';
import { SluiceFunction } from './sluice-function.ts';

export interface FunctionsProps {
  readonly settings: Settings;
  readonly encryption: Encryption;
  readonly storage: Storage;
  readonly queue: WorkQueue;
  readonly workers: WorkerFleet;
  readonly checks: OwnChecks;
  /** The entry file of each function. @default - those of `lambdas/` */
  readonly entries?: Readonly<Record<LambdaName, string>>;
}

interface Spec {
  readonly description: string;
  readonly memoryMiB: number;
  readonly timeout: Duration;
  readonly access: readonly Access[];
}

/** Records of all runs. */
const RUNS = `${RUNS_PREFIX}*`;
const FAILURES = `${RUNS_PREFIX}*/failures/*`;
/** The watch's own records, and the records of sent events. */
const WATCHED = [`${WATCH_PREFIX}*`, `${RUNS_PREFIX}*/told/*`];
/** Objects land at any key that the input names. */
const ANYWHERE = '*';

/** Lambda's own limit. Transfers stop by themselves before it, and long lists may take that long. */
const LONG = Duration.minutes(15);
const SHORT = Duration.minutes(5);

/** The functions of a deployment. The table below contains the permissions of each. */
export class Functions extends Construct {
  readonly #functions: Readonly<Partial<Record<LambdaName, SluiceFunction>>>;

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    const bundles = bundleLambdas(props.entries ?? lambdaEntries());
    const all: Partial<Record<LambdaName, Spec>> = { ...specs(props), ...warehouseSpecs(props) };
    const made = LAMBDA_NAMES.flatMap((name) => {
      const spec = all[name];
      if (spec === undefined || (name === 'watch' && !alertsAreOn(props.settings.alerts))) return [];
      const { access, ...rest } = spec;
      const fn = new SluiceFunction(this, name, {
        ...rest,
        name: `${Stack.of(this).stackName}-${name}`,
        bundle: bundles[name].folder,
        encryption: props.encryption,
        logLevel: props.settings.logs.level,
      });
      fn.give(...access);
      return [[name, fn] as const];
    });
    this.#functions = Object.fromEntries(made);
  }

  /** The function in its newest deployed form. */
  get(name: LambdaName): IFunction {
    return this.#made(name).function;
  }

  /** The function in the form of this deploy, which stays the same after the next deploy. */
  version(name: LambdaName): IFunction {
    return this.#made(name).version;
  }

  /** The log group of the function. */
  logGroup(name: LambdaName): ILogGroup {
    return this.#made(name).logGroup;
  }

  /** The log groups of all functions that there are. */
  get logGroups(): ILogGroup[] {
    return Object.values(this.#functions).map(({ logGroup }) => logGroup);
  }

  #made(name: LambdaName): SluiceFunction {
    const made = this.#functions[name];
    if (made === undefined) throw new Error(`the settings ask for no function ${name}`);
    return made;
  }
}

/** For each function: its purpose, its size, and its permissions. */
function specs({
  settings,
  storage,
  queue,
  workers,
  checks,
}: FunctionsProps): Record<Exclude<LambdaName, 'load' | 'watch-queues'>, Spec> {
  const { ingest, gate } = settings;
  const { partition } = Stack.of(storage);
  const credentials = credentialAccess(storage, settings.sources);
  const transfer = variables(groupsAsVariables(settings, 'ingest', 'sources', 'limits'));
  const metrics = metricsAccess(storage, settings);
  const transferSize = { memoryMiB: ingest.memoryMiB, timeout: LONG };
  const small = { memoryMiB: 512, timeout: SHORT };
  // Lambda gives one processor at this size. Code that computes costs the same at any size, and is faster at this one.
  const oneProcessor = { memoryMiB: 1_769, timeout: LONG };

  const { architecture, cpu, memoryMiB, spot } = settings.workers;
  const priced: PricedDeployment = {
    transferGb: ingest.memoryMiB / 1_024,
    endGb: oneProcessor.memoryMiB / 1_024,
    shortGb: small.memoryMiB / 1_024,
    sourcesAtOnce: ingest.sourcesAtOnce,
    sliceMib: ingest.sliceMiB,
    workerVcpus: cpu / 1_024,
    workerGb: memoryMiB / 1_024,
    architecture,
    spot,
    publicIps: workers.assignPublicIp,
    ownKey: settings.encryption.key !== 'service',
  };

  return {
    plan: {
      description: 'Validates the input and writes the plan',
      memoryMiB: 512,
      timeout: LONG,
      access: [
        storage.access({ read: [ANYWHERE], write: [RUNS, `${SLOTS_PREFIX}*`] }),
        ...ingest.listBuckets.map((bucket) => sourceList(`arn:${partition}:s3:::${bucket}`)),
        variables(planVariables(settings)),
      ],
    },
    'start-workers': {
      description: 'Starts as many workers as the outstanding items need',
      ...small,
      access: [
        storage.access({ read: [RUNS] }),
        variables({ SLUICE_DEAD_LETTER_QUEUE_URL: queue.deadLetters.queueUrl }),
        workers.access(),
      ],
    },
    open: {
      description: 'Transfers the small sources of a batch and opens the large ones',
      ...transferSize,
      access: [
        storage.access({ read: [ANYWHERE], write: [ANYWHERE], uploads: [ANYWHERE] }),
        queue.access('send'),
        transfer,
        metrics,
        credentials,
        // How many slices Open may return, so that a batch's execution stays within its history.
        variables({ SLUICE_SLICES_PER_BATCH: String(slicesPerBatch(ingest)) }),
      ],
    },
    slice: {
      description: 'Transfers one slice of a large source',
      ...transferSize,
      access: [
        storage.access({ read: [RUNS], write: [ANYWHERE], uploads: [ANYWHERE] }),
        transfer,
        metrics,
        credentials,
      ],
    },
    close: {
      description: 'Completes a large transfer and dispatches its object',
      ...transferSize,
      access: [
        storage.access({ read: [ANYWHERE], write: [ANYWHERE], uploads: [ANYWHERE] }),
        queue.access('send'),
        transfer,
        metrics,
      ],
    },
    abandon: {
      description: 'Aborts a large transfer that failed and records it',
      ...transferSize,
      access: [storage.access({ read: [RUNS], write: [RUNS], uploads: [ANYWHERE] }), transfer],
    },
    reconcile: {
      description: 'Records a failure for each planned item without any record',
      ...oneProcessor,
      access: [storage.access({ read: [RUNS], write: [FAILURES], uploads: [ANYWHERE] })],
    },
    gatekeeper: {
      description: 'Checks whether the work is done, and throws NotReadyError while it is not',
      memoryMiB: 512,
      timeout: LONG,
      access: [
        storage.access({ read: [RUNS], write: [RUNS] }),
        queue.access('send', 'count'),
        queue.deadLetterAccess('take', 'count'),
        workers.access(),
        workers.stopAccess(),
        variables(groupsAsVariables(settings, 'sources')),
        checks.access(),
        ...gate.functions.map((arn) => leave({ actions: ['lambda:InvokeFunction'], resources: [arn] })),
      ],
    },
    'close-run': {
      description: 'Closes a run, in order or after its execution failed, timed out or was stopped',
      ...small,
      access: [
        storage.access({ read: [RUNS], write: [RUNS], uploads: [ANYWHERE], remove: REOPENED }),
        eventAccess(storage, EVENT_KINDS.runEnded),
      ],
    },
    'list-items': {
      description: 'Writes the final lines of up to 20,000 items of a run',
      ...oneProcessor,
      access: [storage.access({ read: [RUNS], write: [RUNS], uploads: [RUNS] })],
    },
    done: {
      description: 'Combines the final lines of all items, and writes the manifest of the run',
      ...oneProcessor,
      access: [
        storage.access({ read: [RUNS], write: [RUNS], uploads: [RUNS], remove: REOPENED }),
        eventAccess(storage, EVENT_KINDS.runEnded),
        variables({
          SLUICE_PRICED: JSON.stringify(priced),
          SLUICE_KEEP_DAYS: String(settings.run.keepDays),
          SLUICE_SPEND_ALERT: String(settings.alerts.dollarsADay !== undefined),
        }),
        metrics,
      ],
    },
    broken: {
      description: 'Ends an execution with the error that broke it, or opens its run again after a redrive',
      ...small,
      access: [storage.access({ read: [RUNS], write: [RUNS], remove: REOPENED })],
    },
    sweep: {
      description: 'Closes runs that ended but were not closed',
      ...small,
      access: [storage.access({ read: [RUNS] })],
    },
    'reopen-run': {
      description: 'Opens a closed run again when its execution is redriven',
      ...small,
      access: [storage.access({ read: [RUNS], write: [RUNS], remove: REOPENED })],
    },
    watch: {
      description: 'Looks for runs that are too old, and for schedules that did not start',
      ...small,
      access: [
        storage.access({ read: [...WATCHED, `${SLOTS_PREFIX}*`], write: WATCHED }),
        eventAccess(storage, EVENT_KINDS.runIsOld, EVENT_KINDS.notStarted),
        variables({
          SLUICE_WATCH: JSON.stringify({
            runHours: settings.alerts.runHours ?? settings.run.timeoutHours / 2,
            schedules: settings.schedules.map(({ name, expression, timeZone }) => ({ name, expression, timeZone })),
          }),
        }),
      ],
    },
    'at-deploy': {
      description: 'Does the steps of a deploy for which CloudFormation has no resource',
      memoryMiB: 256,
      timeout: Duration.minutes(2),
      access: [ecsRoleAccess(storage)],
    },
  };
}

/** The functions that exist only with a warehouse. */
function warehouseSpecs({ settings, storage }: FunctionsProps): Partial<Record<LambdaName, Spec>> {
  if (settings.redshift === undefined) return {};
  return {
    load: {
      description: 'Loads a closed run into the warehouse, and throws NotReadyError until it is loaded',
      memoryMiB: 1_769,
      timeout: LONG,
      access: [
        // The pieces of a short run are written here.
        storage.access({ read: [RUNS], write: [RUNS], uploads: [RUNS] }),
        warehouseAccess(storage, settings.redshift),
        variables(groupsAsVariables(settings, 'redshift')),
      ],
    },
    ...(settings.redshift.watch && {
      'watch-queues': {
        description: "Records how long queries wait in the warehouse's queues",
        memoryMiB: 512,
        timeout: LONG,
        access: [
          storage.access({ write: [`${QUEUES_PREFIX}*`] }),
          warehouseAccess(storage, settings.redshift),
          variables({
            ...groupsAsVariables(settings, 'redshift'),
            SLUICE_DEPLOYMENT: Stack.of(storage).stackName,
          }),
        ],
      },
    }),
  };
}

/** Permission to read lists of sources in a bucket that does not belong to Sluice. */
function sourceList(bucketArn: string): Access {
  return leave(
    { actions: ['s3:ListBucket'], resources: [bucketArn] },
    { actions: ['s3:GetObject'], resources: [`${bucketArn}/*`] },
  );
}
