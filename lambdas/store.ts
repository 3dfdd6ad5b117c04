import { S3Client } from '@aws-sdk/client-s3';
import { requestLimits } from '#run/aws-requests.ts';
import type { Store } from '#run/store.ts';

/** Returns the bucket that a function's environment names, with a client for it. */
export function storeOf(env: { readonly SLUICE_BUCKET: string }): Store {
  return { client: new S3Client(requestLimits()), bucket: env.SLUICE_BUCKET };
}
