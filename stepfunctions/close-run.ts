import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  Choice,
  Condition,
  type INextable,
  type State,
  StateMachineFragment,
  Succeed,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { invoke } from './invoke.ts';
import { TASK_TIMEOUT } from './pipeline.ts';
import { retryFaults } from './retries.ts';
import { WriteEnd } from './write-end.ts';

export interface CloseRunProps {
  readonly functions: Readonly<Record<'closeRun' | 'listItems' | 'done', IFunction>>;
  /** The number of pieces that are written at once. */
  readonly atOnce: number;
  /** The function that loads, if a warehouse is set. It cancels the loads that the execution did not finish. */
  readonly cancelLoads?: IFunction | undefined;
}

/**
 * Closes the run of an execution that was stopped, timed out or broke and could not close its run itself. Its input is
 * EventBridge's event about that execution.
 *
 * ```
 * CloseRun ─▶ anything to close? ─ yes ─▶ ItemsState ─▶ CancelLoadsState (with a warehouse) ─▶ DoneState ─▶ Succeed
 *                 ╰ no ─▶ NothingToClose
 * ```
 *
 * This is a state machine and not a function, because the end of a long run needs more than a function's 15 minutes.
 * Also, a state machine retries failures, and the console shows the failures that remain. If a function fails on an
 * event, Lambda drops the event after the second retry.
 */
export class CloseRun extends StateMachineFragment {
  readonly startState: State;
  readonly endStates: INextable[] = [];

  constructor(scope: Construct, id: string, { functions, atOnce, cancelLoads }: CloseRunProps) {
    super(scope, id);
    const close = retryFaults(
      invoke(this, 'CloseRun', functions.closeRun, { resultPath: '$.end', timeout: TASK_TIMEOUT }),
    );
    const write = new WriteEnd(this, 'WriteEnd', { functions, atOnce, cancelLoads, timeout: TASK_TIMEOUT });
    write.next(new Succeed(this, 'Closed', { outputPath: '$.outcome' }));
    close.next(
      new Choice(this, 'AnythingToClose')
        .when(Condition.booleanEquals('$.end.closed', true), write)
        .otherwise(new Succeed(this, 'NothingToClose', { outputPath: '$.end' })),
    );
    this.startState = close;
  }
}
