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

/** Faults of AWS on the way to a function or in what it called; the AWS SDK has tried three times by then. */
const transient: RetryProps = {
  errors: [
    'Lambda.ServiceException',
    'Lambda.AWSLambdaException',
    'Lambda.SdkClientException',
    'Lambda.ClientExecutionTimeoutException',
    'Lambda.Unknown',
    'Sandbox.Timedout',
    'States.Timeout',
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

/**
 * Gives a task the retriers that every task has: throttles and transient faults, each counted on its own, with jitter so
 * that many children don't come back at once. Errors that a function throws by name are not among them.
 */
export function retryTransientFaults<T extends TaskStateBase>(task: T): T {
  task.addRetry(throttled);
  task.addRetry(transient);
  return task;
}
