import { Duration } from 'aws-cdk-lib';
import { JitterType, type RetryProps, type TaskStateBase } from 'aws-cdk-lib/aws-stepfunctions';

/**
 * Lambda has no capacity: the account's concurrency is used up. This ends by itself, so the task is retried for about
 * 20 minutes. CDK's own list of service exceptions lacks this error.
 */
const throttled: RetryProps = {
  errors: ['Lambda.TooManyRequestsException'],
  interval: Duration.seconds(2),
  backoffRate: 2,
  maxDelay: Duration.seconds(60),
  maxAttempts: 24,
  jitterStrategy: JitterType.FULL,
};

/**
 * Faults of AWS between Step Functions and a function, or in a service that the function called. Also the ends of a
 * function's process that its code did not cause. Before such an error, the AWS SDK has already made three attempts.
 */
const transient: RetryProps = {
  errors: [
    'Lambda.ServiceException',
    'Lambda.AWSLambdaException',
    'Lambda.SdkClientException',
    'Lambda.ClientExecutionTimeoutException',
    'Lambda.ResourceNotReadyException',
    'Lambda.Unknown',
    'Sandbox.Timedout',
    'States.Timeout',
    // The function's process ended: because of its sandbox, or because it had too little memory. The next process may
    // have enough.
    'Runtime.ExitError',
    'Runtime.OutOfMemory',
    'Extension.Crash',
    // The names that the AWS SDK gives to errors of S3, SQS and ECS.
    'SlowDown',
    'InternalError',
    'ServiceUnavailable',
    'RequestTimeout',
    'TimeoutError',
    'ThrottlingException',
    'ServerException',
    // The SDK's name for an answer without a body, such as a 503 to HeadObject.
    'Unknown',
  ],
  interval: Duration.seconds(2),
  backoffRate: 2,
  maxDelay: Duration.seconds(60),
  maxAttempts: 5,
  jitterStrategy: JitterType.FULL,
};

/**
 * Errors that the next attempt would throw again. They come first, because the last retrier matches every other error.
 */
const permanent: RetryProps = {
  errors: [
    // Errors of Sluice: invalid input, a claim that another execution owns, and records that were deleted or belong to
    // another version.
    'InvalidInputError',
    'AlreadyClaimedError',
    'NoSuchRunError',
    'UnreadableRecordError',
    'NewerVersionError',
    'EnvironmentError',
    // A payload that does not fit the schema of its function.
    'ZodError',
    '$ZodError',
    // Faults of the code, and of the deployed resources.
    'TypeError',
    'ReferenceError',
    'SyntaxError',
    'RangeError',
    'Runtime.ImportModuleError',
    'Runtime.HandlerNotFound',
    'Runtime.MalformedHandlerName',
    'Runtime.UserCodeSyntaxError',
    'Function.ResponseSizeTooLarge',
  ],
  maxAttempts: 0,
};

/** All other errors of a task. A retry does no harm: if a state runs twice, the second time changes nothing. */
const anythingElse: RetryProps = {
  errors: ['States.TaskFailed'],
  interval: Duration.seconds(5),
  backoffRate: 2,
  maxDelay: Duration.seconds(60),
  maxAttempts: 2,
  jitterStrategy: JitterType.FULL,
};

/**
 * Adds the retriers that every task has: for throttles, for transient faults and for all other errors. Each retrier has
 * its own count, and jitter, so that many children don't retry at once. Errors that the next attempt would throw again
 * are not retried: the errors of this kind that all functions can throw, and the task's own.
 *
 * @param own names of errors that this task's function throws on purpose. @default none
 */
export function retryFaults<T extends TaskStateBase>(task: T, own: readonly string[] = []): T {
  task.addRetry({ ...permanent, errors: [...(permanent.errors ?? []), ...own] });
  task.addRetry(throttled);
  task.addRetry(transient);
  task.addRetry(anythingElse);
  return task;
}

/** For a task that always throws on purpose: only errors that keep its function from being called are retried. */
export function retryThrottles<T extends TaskStateBase>(task: T): T {
  task.addRetry(throttled);
  task.addRetry({ ...transient, errors: (transient.errors ?? []).filter((error) => error.startsWith('Lambda.')) });
  return task;
}
