import type { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  type INextable,
  Map as InlineMap,
  JsonPath,
  type State,
  StateMachineFragment,
  TaskInput,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { invoke } from './invoke.ts';
import { retryFaults } from './retries.ts';

/** An inline Map runs no more iterations at once. */
const MOST_AT_ONCE = 40;

export interface WriteEndProps {
  readonly functions: Readonly<Record<'listItems' | 'done', IFunction>>;
  /** Pieces written at once; at most 40 are. */
  readonly atOnce: number;
  readonly timeout: Duration;
}

/**
 * Writes the end of a run that was closed. `$.end` is what the close-run function answered: the run, how many pieces its end
 * has, and those that get a function of their own. A short run has none of those: DoneState writes all of it.
 *
 * ```
 * ItemsState: each piece ─▶ ListItems
 *   ─▶ DoneState: adds the pieces up, and writes the manifest ($.outcome)
 * ```
 *
 * No Catch: an execution that breaks here is closed already, so that whoever closes runs that ended goes on from the pieces
 * that are written.
 */
export class WriteEnd extends StateMachineFragment {
  readonly startState: State;
  readonly endStates: INextable[];

  constructor(scope: Construct, id: string, { functions, atOnce, timeout }: WriteEndProps) {
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
    pieces.next(done);
    this.startState = pieces;
    this.endStates = [done];
  }
}
