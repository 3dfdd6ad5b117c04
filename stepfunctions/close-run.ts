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
  /** Pieces written at once. */
  readonly atOnce: number;
}

/**
 * Closes the run of an execution that was stopped, timed out or broke where it couldn't close it itself. Its input is what
 * EventBridge says of that execution.
 *
 * ```
 * CloseRun ─▶ anything to close? ─ yes ─▶ ItemsState ─▶ DoneState ─▶ Succeed
 *                 ╰ no ─▶ NothingToClose
 * ```
 *
 * It is a state machine and not a function, since the end of a long run takes more than a function's 15 minutes; and since
 * what goes wrong is retried here, and then stands in the console, where an event that a function failed on is gone after its
 * second retry.
 */
export class CloseRun extends StateMachineFragment {
  readonly startState: State;
  readonly endStates: INextable[] = [];

  constructor(scope: Construct, id: string, { functions, atOnce }: CloseRunProps) {
    super(scope, id);
    const close = retryFaults(
      invoke(this, 'CloseRun', functions.closeRun, { resultPath: '$.end', timeout: TASK_TIMEOUT }),
    );
    const write = new WriteEnd(this, 'WriteEnd', { functions, atOnce, timeout: TASK_TIMEOUT });
    write.next(new Succeed(this, 'Closed', { outputPath: '$.outcome' }));
    close.next(
      new Choice(this, 'AnythingToClose')
        .when(Condition.booleanEquals('$.end.closed', true), write)
        .otherwise(new Succeed(this, 'NothingToClose', { outputPath: '$.end' })),
    );
    this.startState = close;
  }
}
