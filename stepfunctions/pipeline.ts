import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import {
  Choice,
  Condition,
  Fail,
  type INextable,
  JsonPath,
  type State,
  StateMachineFragment,
  Succeed,
  TaskInput,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { GatekeeperLoop } from './gatekeeper-loop.ts';
import { Ingest } from './ingest.ts';
import { invoke } from './invoke.ts';
import { retryTransientFaults } from './retries.ts';

/** The functions that the states call, by the folder names of `lambdas/`. */
export type PipelineFunctions = Readonly<
  Record<
    'plan' | 'startWorkers' | 'open' | 'slice' | 'close' | 'abandon' | 'reconcile' | 'gatekeeper' | 'done',
    IFunction
  >
>;

export interface PipelineProps {
  /** Where runs keep their state. */
  readonly bucket: IBucket;
  readonly functions: PipelineFunctions;
  readonly gate: { readonly intervalSeconds: number; readonly attempts: number };
  readonly ingest: {
    readonly children: number;
    readonly slicesAtOnce: number;
    readonly openCalls: number;
    readonly sliceCalls: number;
  };
}

/** Lambda ends a function after 15 minutes at most; a call that hasn't come back by then is lost. */
const TASK_TIMEOUT = Duration.minutes(16);

/**
 * A run, from its input to its manifest:
 *
 * ```
 * Plan ─▶ WorkChoice ─▶ StartWorkers ─▶ Ingest ─▶ Reconcile ─▶ GatekeeperState ⇄ ForceGatekeeperState
 *              ╰────────────────────────▲                           ╰▶ DoneState ─▶ OutcomeChoice ─▶ Succeed | Late | Failed
 * ```
 *
 * Between states go keys, never lists. Every state can run twice and do nothing twice.
 */
export class Pipeline extends StateMachineFragment {
  readonly startState: State;
  /** None: a run ends in Succeed, Late or Failed. */
  readonly endStates: INextable[] = [];

  constructor(scope: Construct, id: string, { bucket, functions, gate, ingest: limits }: PipelineProps) {
    super(scope, id);
    const timeout = TASK_TIMEOUT;

    const plan = retryTransientFaults(
      invoke(this, 'Plan', functions.plan, {
        payload: TaskInput.fromObject({
          input: JsonPath.objectAt('$'),
          runId: JsonPath.executionName,
          executionArn: JsonPath.executionId,
          startedAt: JsonPath.executionStartTime,
        }),
        timeout,
      }),
    );
    const ingest = new Ingest(this, 'Ingest', { bucket, functions, ...limits, taskTimeout: timeout });
    const startWorkers = retryTransientFaults(
      invoke(this, 'StartWorkers', functions.startWorkers, { resultPath: JsonPath.DISCARD, timeout }),
    );
    // Best effort: the gatekeeper looks after the workers again.
    startWorkers.addCatch(ingest, { resultPath: JsonPath.DISCARD });

    const reconcile = retryTransientFaults(
      invoke(this, 'Reconcile', functions.reconcile, { resultPath: JsonPath.DISCARD, timeout }),
    );
    const gatekeeper = new GatekeeperLoop(this, 'Gate', {
      gatekeeper: functions.gatekeeper,
      interval: Duration.seconds(gate.intervalSeconds),
      attempts: gate.attempts,
      timeout,
    });
    const done = retryTransientFaults(invoke(this, 'DoneState', functions.done, { resultPath: '$.outcome', timeout }));
    const end = new Choice(this, 'OutcomeChoice')
      .when(Condition.stringEquals('$.outcome.outcome', 'failed'), this.#fail('Failed', 'The run failed'))
      .when(
        Condition.stringEquals('$.outcome.outcome', 'late'),
        this.#fail('Late', 'Items were missing when time was up'),
      )
      .otherwise(new Succeed(this, 'Succeed', { outputPath: '$.outcome' }));

    ingest.next(reconcile).next(gatekeeper).next(done).next(end);
    plan.next(
      new Choice(this, 'WorkChoice')
        .when(Condition.numberGreaterThan('$.work', 0), startWorkers.next(ingest))
        // A Map's reader may refuse an empty file.
        .when(Condition.numberEquals('$.batches', 0), reconcile)
        .otherwise(ingest),
    );
    this.startState = plan;
  }

  /** The manifest is written by then, and says more. */
  #fail(error: string, what: string): Fail {
    return new Fail(this, error, {
      error,
      causePath: JsonPath.format(
        `${what}; see s3://{}/{}`,
        JsonPath.stringAt('$.bucket'),
        JsonPath.stringAt('$.outcome.manifest'),
      ),
    });
  }
}
