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

/** An inline Map runs no more iterations at once. */
const MOST_AT_ONCE = 40;

export interface WriteEndProps {
  readonly functions: Readonly<Record<'listItems' | 'done', IFunction>>;
  /** Pieces written at once; at most 40 are. */
  readonly atOnce: number;
  readonly timeout: Duration;
  /** What loads the run into the warehouse, where one is set. */
  readonly load?: LoadProps | undefined;
}

/** The loads of a run, by the gatekeeper's own loop. */
export interface LoadProps {
  /** Takes the loads as far as they go, and throws `NotReadyError` while they aren't done. */
  readonly load: IFunction;
  readonly interval: Duration;
  readonly attempts: number;
  /** Where a load that failed leads, or one that had to be cancelled. */
  readonly onError: IChainable;
}

/**
 * Writes the end of a run that was closed. `$.end` is what the close-run function answered: the run, how many pieces its end
 * has, and those that get a function of their own. A short run has none of those: DoneState writes all of it.
 *
 * ```
 * ItemsState: each piece ─▶ ListItems
 *   ─▶ LoadChoice ─▶ LoadState ─▶ LoadGatekeeperState ⇄ ForceLoadGatekeeperState   (where a warehouse is set)
 *   ─▶ DoneState: adds the pieces up, and writes the manifest ($.outcome)
 * ```
 *
 * No Catch: an execution that breaks here is closed already, so that whoever closes runs that ended goes on from the pieces
 * that are written.
 */
export class WriteEnd extends StateMachineFragment {
  readonly startState: State;
  readonly endStates: INextable[];

  constructor(scope: Construct, id: string, { functions, atOnce, timeout, load }: WriteEndProps) {
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
    if (load === undefined) pieces.next(done);
    else pieces.next(this.#loading(load, timeout, done));
    this.startState = pieces;
    this.endStates = [done];
  }

  /** After the pieces, which say for good what is done, and before the manifest, which says what is loaded. */
  #loading({ load, interval, attempts, onError }: LoadProps, timeout: Duration, done: TaskStateBase): IChainable {
    const loop = new GatekeeperLoop(this, 'Load', {
      name: 'Load',
      gatekeeper: load,
      resultPath: '$.loaded',
      interval,
      attempts,
      timeout,
      ownErrors: ['LoadFailedError', 'LoadCancelledError'],
      onError,
    });
    loop.next(done);
    // A redrive comes here again, and isn't forced from the start.
    const begin = new Pass(this, 'LoadState', { result: Result.fromBoolean(false), resultPath: '$.loadForce' });
    return new Choice(this, 'LoadChoice')
      .when(Condition.numberGreaterThan('$.end.loads', 0), begin.next(loop))
      .otherwise(done);
  }
}
