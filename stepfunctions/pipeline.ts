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
import { type InvokeProps, invoke } from './invoke.ts';
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
  /** The bucket with the state of runs. */
  readonly bucket: IBucket;
  readonly functions: PipelineFunctions;
  readonly gate: { readonly intervalSeconds: number; readonly attempts: number };
  /** The function that loads, and how often it looks, if a warehouse is set. */
  readonly load?: { readonly call: IFunction; readonly intervalSeconds: number; readonly attempts: number } | undefined;
  /** The ARN of the state machine that closes the runs of executions that ended early. */
  readonly closeRunArn: string;
  readonly ingest: {
    /** The number of pieces of the run's end that are written at once. */
    readonly maxLambdas: number;
    readonly children: number;
    readonly slicesAtOnce: number;
    readonly openCalls: number;
    readonly sliceCalls: number;
  };
}

/** Lambda ends a function after at most 15 minutes. So a call that has not returned after 16 minutes never returns. */
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
 * If Ingest, Reconcile or the gate breaks, the error is caught, and the run is still closed in order:
 *
 * ```
 * IngestBroke | ReconcileBroke | GateBroke | LoadBroke ─▶ CloseBroken ─▶ ItemsState ─▶ DoneState ─▶ BrokenState, which fails with that error
 *      ▲ after a redrive: the state that broke ─────────────────────────────────────────────────────────╯
 * ```
 *
 * If an execution is stopped after its gate and then redriven, EventBridge reports both, and the report of the stop may
 * close the run while the redriven execution already writes the end. The execution then goes from ClosedMeanwhile to
 * BrokenState, which fails. The next redrive opens the run, and continues at the gate.
 *
 * If Plan fails, there is nothing to close. If the end itself can't be written, or if the execution is stopped or times
 * out, no Catch can help: EventBridge then starts the state machine of `close-run.ts`.
 *
 * States pass keys to each other, never lists. If a state runs twice, the second time changes nothing.
 */
export class Pipeline extends StateMachineFragment {
  readonly startState: State;
  /** No state follows: a run ends in Succeed, Late or Failed. */
  readonly endStates: INextable[] = [];

  constructor(scope: Construct, id: string, props: PipelineProps) {
    super(scope, id);
    const { bucket, functions, gate, closeRunArn, ingest: limits } = props;
    const timeout = TASK_TIMEOUT;
    const task = (name: string, fn: IFunction, fields: InvokeProps) =>
      retryFaults(invoke(this, name, fn, { ...fields, timeout }));

    const plan = task('Plan', functions.plan, {
      payload: TaskInput.fromObject({
        input: JsonPath.objectAt('$'),
        runId: JsonPath.executionName,
        executionArn: JsonPath.executionId,
        startedAt: JsonPath.executionStartTime,
      }),
    });
    const ingest = new Ingest(this, 'Ingest', { bucket, functions, ...limits, taskTimeout: timeout });
    const startWorkers = task('StartWorkers', functions.startWorkers, { resultPath: JsonPath.DISCARD });
    // Errors are ignored here: the gatekeeper checks the workers again.
    startWorkers.addCatch(ingest, { resultPath: JsonPath.DISCARD });

    const reconcile = task('Reconcile', functions.reconcile, { resultPath: JsonPath.DISCARD });
    const itsError = TaskInput.fromObject({
      runId: JsonPath.stringAt('$.runId'),
      executionArn: JsonPath.executionId,
      error: JsonPath.objectAt('$.error'),
    });
    const closeBroken = task('CloseBroken', functions.closeRun, { payload: itsError, resultPath: '$.end' });
    const broke = (state: string) =>
      new Pass(this, `${state}Broke`, { result: Result.fromString(state), resultPath: '$.broke' }).next(closeBroken);
    const close = task('CloseState', functions.closeRun, {
      payload: TaskInput.fromObject({
        runId: JsonPath.stringAt('$.runId'),
        gate: { forced: JsonPath.objectAt('$.gate.forced'), reason: JsonPath.objectAt('$.gate.reason') },
      }),
      resultPath: '$.end',
    });
    const write = new WriteEnd(this, 'WriteEnd', {
      functions,
      atOnce: limits.maxLambdas,
      timeout,
      cancelLoads: props.load?.call,
      load: props.load && {
        load: props.load.call,
        interval: Duration.seconds(props.load.intervalSeconds),
        attempts: props.load.attempts,
        onReopened: close,
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
    const outcome = new Choice(this, 'OutcomeChoice')
      .when(Condition.stringEquals('$.outcome.outcome', 'failed'), this.#fail('Failed', 'The run failed'))
      .when(
        Condition.stringEquals('$.outcome.outcome', 'late'),
        this.#fail('Late', 'Items were missing when time was up'),
      )
      .otherwise(new Succeed(this, 'Succeed', { outputPath: '$.outcome' }));
    // Errors are ignored here, because the manifest is already written and this state only closes other runs.
    const sweep = retryThrottles(
      invoke(this, 'SweepState', functions.sweep, {
        payload: TaskInput.fromObject({ runs: JsonPath.stringAt('$$.StateMachine.Id'), closeRun: closeRunArn }),
        resultPath: JsonPath.DISCARD,
        timeout,
      }),
    );
    sweep.addCatch(outcome, { resultPath: JsonPath.DISCARD });
    const broken = retryThrottles(
      invoke(this, 'BrokenState', functions.broken, { payload: itsError, resultPath: JsonPath.DISCARD, timeout }),
    );

    // From here, the states are connected, in the order of a run. A run begins with Plan.
    plan.next(
      new Choice(this, 'WorkChoice')
        .when(Condition.numberGreaterThan('$.work', 0), startWorkers.next(ingest))
        // The reader of a Map may refuse an empty file.
        .when(Condition.numberEquals('$.batches', 0), reconcile)
        .otherwise(ingest),
    );
    ingest.next(reconcile).next(gatekeeper).next(close).next(write);
    // A state has broken: the run is closed, and its end is written.
    closeBroken.next(
      new Choice(this, 'AnythingToWrite')
        .when(Condition.booleanEquals('$.end.closed', true), write)
        // The run's records do not exist any more.
        .otherwise(new Fail(this, 'NotClosed', { errorPath: '$.error.Error', causePath: '$.error.Cause' })),
    );
    // No state of this execution broke: the execution was stopped or timed out, its run was closed, and then somebody
    // redrove it.
    const closedMeanwhile = new Pass(this, 'ClosedMeanwhile', {
      result: Result.fromObject({
        Error: 'RunClosedError',
        Cause: 'the run was closed when its execution was stopped or timed out; redrive the execution to continue',
      }),
      resultPath: '$.error',
    });
    write.next(
      new Choice(this, 'EndedInOrder')
        .when(Condition.booleanEquals('$.outcome.broken', false), sweep.next(outcome))
        .when(Condition.isNotPresent('$.error'), closedMeanwhile.next(broken))
        // BrokenState fails. Only a redrive continues after it.
        .otherwise(broken),
    );
    broken.next(
      new Choice(this, 'GoOn')
        // No state broke, so the execution was stopped after its gate had opened.
        .when(Condition.isNotPresent('$.broke'), gatekeeper)
        .when(Condition.stringEquals('$.broke', 'Ingest'), ingest)
        .when(Condition.stringEquals('$.broke', 'Reconcile'), reconcile)
        .otherwise(gatekeeper),
    );
    this.startState = plan;
  }

  /** The manifest is already written. It contains more details than the cause. */
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
