import type { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  Choice,
  Condition,
  type IChainable,
  type INextable,
  Map as InlineMap,
  JsonPath,
  Pass,
  Result,
  type State,
  StateMachineFragment,
  TaskInput,
  type TaskStateBase,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { GatekeeperLoop } from './gatekeeper-loop.ts';
import { invoke } from './invoke.ts';
import { retryFaults } from './retries.ts';

const REOPENED = 'RunReopenedError';

/** An inline Map runs at most this many iterations at once. */
const MOST_AT_ONCE = 40;

export interface WriteEndProps {
  readonly functions: Readonly<Record<'listItems' | 'done', IFunction>>;
  /** The number of pieces that are written at once; at most 40 are. */
  readonly atOnce: number;
  readonly timeout: Duration;
  /** The function that loads the run into the warehouse, if one is set. */
  readonly load?: LoadProps | undefined;
  /** The function that cancels the loads of an execution that broke or was stopped, if a warehouse is set. */
  readonly cancelLoads?: IFunction | undefined;
}

/** The loads of a run, in a loop like the gatekeeper's. */
export interface LoadProps {
  /** Advances the loads, and throws `NotReadyError` while they aren't done. */
  readonly load: IFunction;
  readonly interval: Duration;
  readonly attempts: number;
  /** The state that closes a run again after a redrive, before the run is loaded. */
  readonly onReopened: IChainable;
  /** The next state after a load failed or had to be cancelled. */
  readonly onError: IChainable;
}

/**
 * Writes the end of a run that was closed. `$.end` is the answer of the close-run function: the run, the number of
 * pieces of its end, and the pieces that get a function of their own. A short run has no such pieces: DoneState writes
 * all of it.
 *
 * ```
 * ItemsState: each piece ─▶ ListItems
 *   ─▶ LoadChoice ─▶ LoadState ─▶ LoadGatekeeperState ⇄ ForceLoadGatekeeperState   (if a warehouse is set)
 *          ╰─▶ CancelLoadsState   (if the execution broke or was stopped)
 *   ─▶ DoneState: adds the pieces up, and writes the manifest ($.outcome)
 * ```
 *
 * There is no Catch: if an execution breaks here, its run is closed already. The state machine that closes ended runs
 * then continues from the pieces that are written.
 */
export class WriteEnd extends StateMachineFragment {
  readonly startState: State;
  readonly endStates: INextable[];

  constructor(scope: Construct, id: string, { functions, atOnce, timeout, load, cancelLoads }: WriteEndProps) {
    super(scope, id);
    const pieces = new InlineMap(this, 'ItemsState', {
      itemsPath: '$.end.pieces',
      itemSelector: {
        runId: JsonPath.stringAt('$.end.runId'),
        piece: JsonPath.numberAt('$$.Map.Item.Value'),
        of: JsonPath.numberAt('$.end.of'),
      },
      maxConcurrency: Math.min(atOnce, MOST_AT_ONCE),
      resultPath: JsonPath.DISCARD,
    });
    pieces.itemProcessor(retryFaults(invoke(this, 'ListItems', functions.listItems, { timeout })));
    const done = retryFaults(
      invoke(this, 'DoneState', functions.done, {
        payload: TaskInput.fromObject({ runId: JsonPath.stringAt('$.end.runId'), of: JsonPath.numberAt('$.end.of') }),
        resultPath: '$.outcome',
        timeout,
      }),
    );
    if (cancelLoads === undefined) pieces.next(done);
    else {
      const choice = new Choice(this, 'LoadChoice');
      if (load !== undefined) {
        choice.when(Condition.numberGreaterThan('$.end.loads', 0), this.#loading(load, timeout, done));
      }
      const cancelling = this.#cancelling(cancelLoads, timeout, done);
      pieces.next(choice.when(Condition.numberGreaterThan('$.end.loadsToCancel', 0), cancelling).otherwise(done));
    }
    this.startState = pieces;
    this.endStates = [done];
  }

  /**
   * The loads come after the pieces, which fix the items that are done, and before the manifest, which contains the
   * loads.
   */
  #loading(
    { load, interval, attempts, onReopened, onError }: LoadProps,
    timeout: Duration,
    done: TaskStateBase,
  ): IChainable {
    const loop = new GatekeeperLoop(this, 'Load', {
      name: 'Load',
      gatekeeper: load,
      resultPath: '$.loaded',
      interval,
      attempts,
      timeout,
      ownErrors: [REOPENED, 'LoadFailedError', 'LoadCancelledError'],
      onOwnError: { error: REOPENED, next: onReopened },
      onError,
    });
    loop.next(done);
    // A redrive begins at this state again, so the loop must not start with `$.loadForce` set.
    const begin = new Pass(this, 'LoadState', { result: Result.fromBoolean(false), resultPath: '$.loadForce' });
    return begin.next(loop);
  }

  /**
   * Best effort: if the warehouse can't be reached, the run must still get its manifest. The statement's own timeout
   * then ends the statement.
   */
  #cancelling(cancelLoads: IFunction, timeout: Duration, done: TaskStateBase): IChainable {
    const payload = TaskInput.fromObject({ runId: JsonPath.stringAt('$.end.runId'), hasEnded: true });
    const cancel = invoke(this, 'CancelLoadsState', cancelLoads, { payload, resultPath: JsonPath.DISCARD, timeout });
    retryFaults(cancel).addCatch(done, { resultPath: JsonPath.DISCARD });
    return cancel.next(done);
  }
}
