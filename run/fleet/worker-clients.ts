import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';

/**
 * How long an S3 connection may be silent. A read that stalls is then broken and goes on by range, and so is one whose
 * reader rests that long, which costs one more request and nothing else.
 */
const SOCKET_SILENCE_MS = 60_000;

/** The clients of a worker. Region, credentials and `AWS_ENDPOINT_URL` come from the environment, as the SDK reads it. */
export function workerClients(environment: NodeJS.ProcessEnv): { s3: S3Client; sqs: SQSClient } {
  const ownEndpoint = environment.AWS_ENDPOINT_URL_S3 ?? environment.AWS_ENDPOINT_URL;
  return {
    s3: new S3Client({
      maxAttempts: 5,
      requestHandler: { connectionTimeout: 5_000, socketTimeout: SOCKET_SILENCE_MS },
      // Another endpoint than AWS's own has no name for each bucket.
      forcePathStyle: ownEndpoint !== undefined,
    }),
    sqs: new SQSClient({ maxAttempts: 5 }),
  };
}
