import { type Duration, Token } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  type IChainable,
  type INextable,
  JsonPath,
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

/** The loop waits only after this error, and forces only this error. */
export const NOT_READY = 'NotReadyError';

/** The options of a `GatekeeperLoop`. Only `gatekeeper`, `interval` and `attempts` are required. */
export interface GatekeeperLoopProps {
  /**
   * Checks whether the work is done. The gatekeeper is a Lambda function or a task of your own. A function receives the
   * whole state input, and its answer is stored at `resultPath`. A task needs a `resultPath` that keeps its input.
   *
   * The gatekeeper reads `$.force` first. If it is `true`, the gatekeeper returns at once. Otherwise the gatekeeper
   * returns if the work is done, and throws an error named `NotReadyError` if not. A person reads the error's message
   * in the console.
   */
  readonly gatekeeper: IFunction | TaskStateBase;
  /** Time between two looks, in whole seconds. */
  readonly interval: Duration;
  /**
   * How often the gatekeeper looks again before it is forced: the loop waits for `attempts` × `interval`. With 0 it
   * looks once.
   */
  readonly attempts: number;
  /** The path for the answer of a gatekeeper function. @default '$.gate' */
  readonly resultPath?: string;
  /**
   * Distinguishes a second loop in one state machine: with `Load`, the states are LoadGatekeeperState and
   * ForceLoadGatekeeperState, and they set `$.loadForce` and `$.loadLate`. @default - GatekeeperState,
   * ForceGatekeeperState, `$.force`, `$.late`
   */
  readonly name?: string;
  /**
   * Names of errors that a gatekeeper function throws on purpose. They are not retried, because a retry would throw
   * them again. @default - none
   */
  readonly ownErrors?: readonly string[];
  /** The next state after one of `ownErrors`, if it differs from `onError`. @default - none */
  readonly onOwnError?: {
    /** The name of the error, one of `ownErrors`. */
    readonly error: string;
    /** The next state. */
    readonly next: IChainable;
  };
  /** An upper time limit for one look of a gatekeeper function. @default - none */
  readonly timeout?: Duration;
  /** The next state after any other error, which is then at `$.error`. @default - the error ends the execution */
  readonly onError?: IChainable;
}

/**
 * Waits for work outside the state machine. When time is up, it continues with the work that is done.
 *
 * ```
 * GatekeeperState ── returns ──▶ (next)
 *   │  ▲ ╰ NotReadyError: again after `interval`, `attempts` times
 *   ╰ still NotReadyError ─▶ ForceGatekeeperState ($.force = true) ─▶ GatekeeperState
 * ```
 *
 * Each look costs three events of the history and one state transition. No Lambda runs while the loop waits. The loop
 * waits and forces only after a NotReadyError. Any other error, if it remains after its retries, ends the loop or leads
 * to `onError`. After a forced pass, `$.late` contains the last NotReadyError. docs/gatekeeper-loop.md shows the loop
 * in another state machine.
 *
 * @throws Error that names everything that is wrong: `attempts` is not a whole number of at least 0, or needs more than
 * an execution's 25,000 history events; `interval` is not a whole number of seconds from 1 to 99,999,999.
 */
export class GatekeeperLoop extends StateMachineFragment {
  /** Where the loop begins. CDK reads it when you chain the loop. */
  readonly startState: State;
  /** Where the loop ends. CDK reads it when you call `next`. */
  readonly endStates: INextable[];

  constructor(scope: Construct, id: string, props: GatekeeperLoopProps) {
    super(scope, id);
    const problems = problemsIn(props);
    if (problems.length > 0) throw new Error(`the GatekeeperLoop ${this.node.path} can't wait: ${problems.join('; ')}`);
    const { name = '', resultPath = '$.gate', timeout } = props;
    const gatekeeper = isTask(props.gatekeeper)
      ? props.gatekeeper
      : invoke(this, `${name}GatekeeperState`, props.gatekeeper, { resultPath, ...(timeout && { timeout }) });
    const force = new Pass(this, `Force${name}GatekeeperState`, {
      result: Result.fromBoolean(true),
      resultPath: pathOf(name, 'force'),
    });

    // This retrier comes first and matches only NotReadyError. Every retrier has its own count, so transient faults
    // don't use the attempts for waiting.
    gatekeeper.addRetry({
      errors: [NOT_READY],
      interval: props.interval,
      backoffRate: 1,
      maxAttempts: props.attempts,
    });
    retryFaults(gatekeeper, props.ownErrors);
    gatekeeper.addCatch(force.next(gatekeeper), { errors: [NOT_READY], resultPath: pathOf(name, 'late') });
    if (props.onOwnError !== undefined) {
      gatekeeper.addCatch(props.onOwnError.next, {
        errors: [props.onOwnError.error],
        resultPath: JsonPath.DISCARD,
      });
    }
    if (props.onError !== undefined) gatekeeper.addCatch(props.onError, { resultPath: '$.error' });

    this.startState = gatekeeper;
    this.endStates = [gatekeeper];
  }
}

/** The most seconds that Step Functions waits between two attempts. */
const MAX_INTERVAL_SECONDS = 99_999_999;

/**
 * Checks values that CDK and `cdk synth` accept. The deploy would refuse them, with a message that names no construct.
 */
function problemsIn({ attempts, interval }: GatekeeperLoopProps): string[] {
  const problems: string[] = [];
  // A token has no value before the deploy.
  if (!Token.isUnresolved(attempts)) {
    if (!Number.isSafeInteger(attempts) || attempts < 0) {
      problems.push(`attempts is ${attempts}, and takes a whole number from 0`);
    } else if (!gateFitsHistory(attempts)) {
      problems.push(
        `${attempts} attempts need ${gateEvents(attempts)} events of history; an execution may have ${HISTORY_EVENTS}, and its other states need ${KEPT_EVENTS}: use fewer attempts and a longer interval`,
      );
    }
  }
  if (!interval.isUnresolved()) {
    const seconds = interval.toMilliseconds() / 1_000;
    if (!Number.isSafeInteger(seconds) || seconds < 1 || seconds > MAX_INTERVAL_SECONDS) {
      problems.push(`interval is ${seconds} seconds, and takes whole seconds from 1 to ${MAX_INTERVAL_SECONDS}`);
    }
  }
  return problems;
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
