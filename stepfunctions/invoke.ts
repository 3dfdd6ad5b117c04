import type { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { type TaskInput, Timeout } from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';

export interface InvokeProps {
  /** The input of the function. @default - the whole state input */
  readonly payload?: TaskInput;
  /** The path for the function's answer, or `JsonPath.DISCARD`. @default - the answer replaces the state's input */
  readonly resultPath?: string;
  /** An upper time limit beyond the function's own timeout. @default - none */
  readonly timeout?: Duration;
}

/**
 * Makes a task that calls a function and returns its answer, without the envelope of `lambda:invoke`. It has no
 * retriers yet.
 */
export function invoke(scope: Construct, name: string, fn: IFunction, props: InvokeProps = {}): LambdaInvoke {
  const { payload, resultPath, timeout } = props;
  return new LambdaInvoke(scope, name, {
    lambdaFunction: fn,
    payloadResponseOnly: true,
    retryOnServiceExceptions: false,
    ...(payload && { payload }),
    ...(resultPath !== undefined && { resultPath }),
    ...(timeout && { taskTimeout: Timeout.duration(timeout) }),
  });
}
