import { Duration } from 'aws-cdk-lib';
import { JitterType, type RetryProps, type TaskStateBase } from 'aws-cdk-lib/aws-stepfunctions';

/**
 * Lambda has no room: the account's concurrency is used up. It passes by itself, so this is waited for, for about
 * 20 minutes. CDK's own list of service exceptions lacks it.
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
 * Faults of AWS on the way to a function or in what it called, and ends of a function's process that are nobody's error; the
 * AWS SDK has tried three times by then.
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
    // The function's process ended: by a fault of its sandbox, or for want of memory, which the next one may have.
    'Runtime.ExitError',
    'Runtime.OutOfMemory',
    'Extension.Crash',
    // As the AWS SDK names what S3, SQS and ECS answer.
    'SlowDown',
    'InternalError',
    'ServiceUnavailable',
    'RequestTimeout',
    'TimeoutError',
    'ThrottlingException',
    'ServerException',
    // And how it names an answer without a body, such as a 503 to HeadObject.
    'Unknown',
  ],
  interval: Duration.seconds(2),
  backoffRate: 2,
  maxDelay: Duration.seconds(60),
  maxAttempts: 5,
  jitterStrategy: JitterType.FULL,
};

/** Errors that the next try would meet again. They come first, since the last retrier takes whatever is left. */
const permanent: RetryProps = {
  errors: [
    // Ours: what a person typed, what another execution holds, and records that have gone or are another version's.
    'InvalidInputError',
    'AlreadyClaimedError',
    'NoSuchRunError',
    'UnreadableRecordError',
    'NewerVersionError',
    'EnvironmentError',
    // A payload that isn't what its function takes.
    'ZodError',
    '$ZodError',
    // Faults of the code, and of what was deployed.
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

/** Whatever else a task fails by. Every state can run twice and do nothing twice, so that trying again does no harm. */
const anythingElse: RetryProps = {
  errors: ['States.TaskFailed'],
  interval: Duration.seconds(5),
  backoffRate: 2,
  maxDelay: Duration.seconds(60),
  maxAttempts: 2,
  jitterStrategy: JitterType.FULL,
};

/**
 * Gives a task the retriers that every task has: throttles, transient faults and whatever else it fails by, each counted on
 * its own, with jitter so that many children don't come back at once. Errors that the next try would meet again are not
 * tried: those that all functions know, and the task's own.
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

/** For a task that throws on purpose whatever it is given: only what keeps its function from being called is tried again. */
export function retryThrottles<T extends TaskStateBase>(task: T): T {
  task.addRetry(throttled);
  task.addRetry({ ...transient, errors: (transient.errors ?? []).filter((error) => error.startsWith('Lambda.')) });
  return task;
}
