import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { requestLimits } from '../aws-requests.ts';

/** An output goes to S3 in parts of 8 MiB: this is 0.14 MiB/s. */
const S3_SECONDS = 60;
/** SQS holds a request for messages open for 5 s at most (`worker/runtime/run-worker.ts`). */
const SQS_SECONDS = 15;

/** The clients of a worker. Region, credentials and `AWS_ENDPOINT_URL` come from the environment, as the SDK reads it. */
export function workerClients(environment: NodeJS.ProcessEnv): { s3: S3Client; sqs: SQSClient } {
  const ownEndpoint = environment.AWS_ENDPOINT_URL_S3 ?? environment.AWS_ENDPOINT_URL;
  return {
    // Another endpoint than AWS's own has no name for each bucket.
    s3: new S3Client({ ...requestLimits(S3_SECONDS), maxAttempts: 5, forcePathStyle: ownEndpoint !== undefined }),
    // Three tries are done well before a worker that is told to stop has to be gone.
    sqs: new SQSClient({ ...requestLimits(SQS_SECONDS), maxAttempts: 3 }),
  };
}
