import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { requestLimits } from '../aws-requests.ts';

/** The time limit for one part of 8 MiB to S3: a connection needs at least 0.14 MiB/s. */
const S3_SECONDS = 60;
/** SQS keeps a request for messages open for at most 5 s (`worker/runtime/run-worker.ts`). */
const SQS_SECONDS = 15;

/** The AWS clients of a worker. The SDK reads region, credentials and `AWS_ENDPOINT_URL` from the environment. */
export function workerClients(environment: NodeJS.ProcessEnv): { s3: S3Client; sqs: SQSClient } {
  const ownEndpoint = environment.AWS_ENDPOINT_URL_S3 ?? environment.AWS_ENDPOINT_URL;
  return {
    // An endpoint other than AWS's own has no host name for each bucket, so the path contains the bucket.
    s3: new S3Client({ ...requestLimits(S3_SECONDS), maxAttempts: 5, forcePathStyle: ownEndpoint !== undefined }),
    // Three attempts end well before a worker that was asked to stop has to be gone.
    sqs: new SQSClient({ ...requestLimits(SQS_SECONDS), maxAttempts: 3 }),
  };
}
