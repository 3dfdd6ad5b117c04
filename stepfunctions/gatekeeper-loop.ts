import type { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  type IChainable,
  type INextable,
  Pass,
  Result,
  type State,
  StateMachineFragment,
  type TaskStateBase,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { gateEvents, gateFitsHistory, HISTORY_EVENTS, KEPT_EVENTS } from './history.ts';
import { invoke } from './invoke.ts';
import { retryFaults } from './retries.ts';

/** The one error that the loop waits for, and the one that it forces. */
export const NOT_READY = 'NotReadyError';

export interface GatekeeperLoopProps {
  /**
   * What looks whether the work is done: a Lambda function, which gets the whole state input and whose answer goes to
   * `resultPath`, or a task of your own with a `resultPath` that keeps its input.
   *
   * It looks at `$.force` first. Where that is `true` it returns at once. Otherwise it returns when the work is done, and
   * throws an error named `NotReadyError` while it isn't; the message is what a person reads in the console.
   */
  readonly gatekeeper: IFunction | TaskStateBase;
  /** Time between two looks. */
  readonly interval: Duration;
  /** How often it looks again before it is forced: `attempts` × `interval` is the time waited. */
  readonly attempts: number;
  /** Where the answer of a gatekeeper function goes. @default '$.gate' */
  readonly resultPath?: string;
  /**
   * Sets a second loop of one state machine apart: `Load` makes the states LoadGatekeeperState and ForceLoadGatekeeperState, and
   * `$.loadForce` and `$.loadLate` what they set. @default - GatekeeperState, ForceGatekeeperState, `$.force`, `$.late`
   */
  readonly name?: string;
  /** Errors that a gatekeeper function throws on purpose, and that the next try would meet again. @default - none */
  readonly ownErrors?: readonly string[];
  /** A backstop for one look of a gatekeeper function. @default - none */
  readonly timeout?: Duration;
  /** Where any other error leads, which is then at `$.error`. @default - it ends the execution */
  readonly onError?: IChainable;
}

/**
 * Waits for work outside the state machine, and goes on with what there is when time is up.
 *
 * ```
 * GatekeeperState ── returns ──▶ (next)
 *   │  ▲ ╰ NotReadyError: again after `interval`, `attempts` times
 *   ╰ still NotReadyError ─▶ ForceGatekeeperState ($.force = true) ─▶ GatekeeperState
 * ```
 *
 * Waiting costs one event-history entry of three events a look and one state transition, and no Lambda runs meanwhile.
 * Any error but NotReadyError is one: it is neither waited for nor forced. After a forced pass `$.late` holds the last
 * NotReadyError. docs/gatekeeper-loop.md has an example in a state machine of its own.
 *
 * @throws Error where so many attempts would go beyond an execution's 25,000 history events.
 */
export class GatekeeperLoop extends StateMachineFragment {
  readonly startState: State;
  readonly endStates: INextable[];

  constructor(scope: Construct, id: string, props: GatekeeperLoopProps) {
    super(scope, id);
    if (!gateFitsHistory(props.attempts)) {
      throw new Error(
        `${props.attempts} attempts make ${gateEvents(props.attempts)} events of history; an execution has ${HISTORY_EVENTS}, and ${KEPT_EVENTS} are kept for its other states; take fewer attempts and a longer interval`,
      );
    }
    const { name = '' } = props;
    const gatekeeper = isTask(props.gatekeeper) ? props.gatekeeper : this.invokeGatekeeper(props.gatekeeper, props);
    const force = new Pass(this, `Force${name}GatekeeperState`, {
      result: Result.fromBoolean(true),
      resultPath: pathOf(name, 'force'),
    });

    // Alone and first: every retrier counts for itself, so that transient faults don't use up the waiting.
    gatekeeper.addRetry({
      errors: [NOT_READY],
      interval: props.interval,
      backoffRate: 1,
      maxAttempts: props.attempts,
    });
    retryFaults(gatekeeper, props.ownErrors);
    gatekeeper.addCatch(force.next(gatekeeper), { errors: [NOT_READY], resultPath: pathOf(name, 'late') });
    if (props.onError !== undefined) gatekeeper.addCatch(props.onError, { resultPath: '$.error' });

    this.startState = gatekeeper;
    this.endStates = [gatekeeper];
  }

  private invokeGatekeeper(
    fn: IFunction,
    { name = '', resultPath = '$.gate', timeout }: GatekeeperLoopProps,
  ): TaskStateBase {
    return invoke(this, `${name}GatekeeperState`, fn, { resultPath, ...(timeout && { timeout }) });
  }
}

/** `$.force`, or `$.loadForce` for a loop named `Load`. */
function pathOf(name: string, field: 'force' | 'late'): string {
  return name === ''
    ? `$.${field}`
    : `$.${name.charAt(0).toLowerCase()}${name.slice(1)}${field === 'force' ? 'Force' : 'Late'}`;
}

function isTask(gatekeeper: IFunction | TaskStateBase): gatekeeper is TaskStateBase {
  return 'addRetry' in gatekeeper;
}
