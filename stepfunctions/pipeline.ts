import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import {
  Choice,
  Condition,
  Fail,
  type INextable,
  JsonPath,
  Pass,
  Result,
  type State,
  StateMachineFragment,
  Succeed,
  TaskInput,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { GatekeeperLoop } from './gatekeeper-loop.ts';
import { Ingest } from './ingest.ts';
import { invoke } from './invoke.ts';
import { retryFaults, retryThrottles } from './retries.ts';
import { WriteEnd } from './write-end.ts';

/** The functions that the states call, by the folder names of `lambdas/`. */
export type PipelineFunctions = Readonly<
  Record<
    | 'plan'
    | 'startWorkers'
    | 'open'
    | 'slice'
    | 'close'
    | 'abandon'
    | 'reconcile'
    | 'gatekeeper'
    | 'closeRun'
    | 'listItems'
    | 'done'
    | 'broken'
    | 'sweep',
    IFunction
  >
>;

export interface PipelineProps {
  /** Where runs keep their state. */
  readonly bucket: IBucket;
  readonly functions: PipelineFunctions;
  readonly gate: { readonly intervalSeconds: number; readonly attempts: number };
  /** Where a warehouse is set: the function that loads, and how often it looks. */
  readonly load?: { readonly call: IFunction; readonly intervalSeconds: number; readonly attempts: number } | undefined;
  /** The state machine that closes the runs of executions that ended otherwise, by ARN. */
  readonly closeRunArn: string;
  readonly ingest: {
    /** Pieces of the run's end that are written at once. */
    readonly maxLambdas: number;
    readonly children: number;
    readonly slicesAtOnce: number;
    readonly openCalls: number;
    readonly sliceCalls: number;
  };
}

/** Lambda ends a function after 15 minutes at most; a call that hasn't come back by then is lost. */
export const TASK_TIMEOUT = Duration.minutes(16);

/**
 * A run, from its input to its manifest:
 *
 * ```
 * Plan ─▶ WorkChoice ─▶ StartWorkers ─▶ Ingest ─▶ Reconcile ─▶ GatekeeperState ⇄ ForceGatekeeperState
 *              ╰────────────────────────▲                           ╰▶ CloseState ─▶ ItemsState ─▶ DoneState
 *                                                                   ─▶ SweepState ─▶ OutcomeChoice ─▶ Succeed | Late | Failed
 * ```
 *
 * What breaks on the way, in Ingest, Reconcile or the gate, is caught, and the run closed in order all the same:
 *
 * ```
 * IngestBroke | ReconcileBroke | GateBroke | LoadBroke ─▶ CloseBroken ─▶ ItemsState ─▶ DoneState ─▶ BrokenState, which fails by that error
 *      ▲ redriven: where it broke ─────────────────────────────────────────────────────────╯
 * ```
 *
 * Where Plan fails there is nothing to close. Where the end itself can't be written, and where the execution is stopped or
 * times out, no Catch is of use: EventBridge then starts the state machine of `close-run.ts`.
 *
 * Between states go keys, never lists. Every state can run twice and do nothing twice.
 */
export class Pipeline extends StateMachineFragment {
  readonly startState: State;
  /** None: a run ends in Succeed, Late or Failed. */
  readonly endStates: INextable[] = [];

  constructor(scope: Construct, id: string, props: PipelineProps) {
    super(scope, id);
    const { bucket, functions, gate, closeRunArn, ingest: limits } = props;
    const timeout = TASK_TIMEOUT;

    const plan = retryFaults(
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
    const startWorkers = retryFaults(
      invoke(this, 'StartWorkers', functions.startWorkers, { resultPath: JsonPath.DISCARD, timeout }),
    );
    // Best effort: the gatekeeper looks after the workers again.
    startWorkers.addCatch(ingest, { resultPath: JsonPath.DISCARD });

    const reconcile = retryFaults(
      invoke(this, 'Reconcile', functions.reconcile, { resultPath: JsonPath.DISCARD, timeout }),
    );
    const closeBroken = retryFaults(
      invoke(this, 'CloseBroken', functions.closeRun, {
        payload: TaskInput.fromObject({
          runId: JsonPath.stringAt('$.runId'),
          executionArn: JsonPath.executionId,
          error: JsonPath.objectAt('$.error'),
        }),
        resultPath: '$.end',
        timeout,
      }),
    );
    const broke = (state: string) =>
      new Pass(this, `${state}Broke`, { result: Result.fromString(state), resultPath: '$.broke' }).next(closeBroken);
    const write = new WriteEnd(this, 'WriteEnd', {
      functions,
      atOnce: limits.maxLambdas,
      timeout,
      load: props.load && {
        load: props.load.call,
        interval: Duration.seconds(props.load.intervalSeconds),
        attempts: props.load.attempts,
        onError: broke('Load'),
      },
    });
    ingest.onError(broke('Ingest'));
    reconcile.addCatch(broke('Reconcile'), { resultPath: '$.error' });
    const gatekeeper = new GatekeeperLoop(this, 'Gate', {
      gatekeeper: functions.gatekeeper,
      interval: Duration.seconds(gate.intervalSeconds),
      attempts: gate.attempts,
      timeout,
      onError: broke('Gate'),
    });
    const close = retryFaults(
      invoke(this, 'CloseState', functions.closeRun, {
        payload: TaskInput.fromObject({
          runId: JsonPath.stringAt('$.runId'),
          gate: { forced: JsonPath.objectAt('$.gate.forced'), reason: JsonPath.objectAt('$.gate.reason') },
        }),
        resultPath: '$.end',
        timeout,
      }),
    );
    const outcome = new Choice(this, 'OutcomeChoice')
      .when(Condition.stringEquals('$.outcome.outcome', 'failed'), this.#fail('Failed', 'The run failed'))
      .when(
        Condition.stringEquals('$.outcome.outcome', 'late'),
        this.#fail('Late', 'Items were missing when time was up'),
      )
      .otherwise(new Succeed(this, 'Succeed', { outputPath: '$.outcome' }));
    // Best effort, and behind the manifest: what other runs have left is not this one's business.
    const sweep = retryThrottles(
      invoke(this, 'SweepState', functions.sweep, {
        payload: TaskInput.fromObject({ runs: JsonPath.stringAt('$$.StateMachine.Id'), closeRun: closeRunArn }),
        resultPath: JsonPath.DISCARD,
        timeout,
      }),
    );
    sweep.addCatch(outcome, { resultPath: JsonPath.DISCARD });
    const broken = retryThrottles(
      invoke(this, 'BrokenState', functions.broken, {
        payload: TaskInput.fromObject({
          runId: JsonPath.stringAt('$.runId'),
          executionArn: JsonPath.executionId,
          error: JsonPath.objectAt('$.error'),
        }),
        resultPath: JsonPath.DISCARD,
        timeout,
      }),
    );

    ingest.next(reconcile).next(gatekeeper).next(close).next(write);
    closeBroken.next(
      new Choice(this, 'AnythingToWrite')
        .when(Condition.booleanEquals('$.end.closed', true), write)
        // The run's records are gone.
        .otherwise(new Fail(this, 'NotClosed', { errorPath: '$.error.Error', causePath: '$.error.Cause' })),
    );
    write.next(
      new Choice(this, 'EndedInOrder')
        .when(Condition.booleanEquals('$.outcome.broken', false), sweep.next(outcome))
        .otherwise(
          // Here only a redrive goes on.
          broken.next(
            new Choice(this, 'GoOn')
              .when(Condition.stringEquals('$.broke', 'Ingest'), ingest)
              .when(Condition.stringEquals('$.broke', 'Reconcile'), reconcile)
              .otherwise(gatekeeper),
          ),
        ),
    );
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
