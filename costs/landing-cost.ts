import { PRICES } from './prices.ts';
import { USAGE } from './usage.ts';

/** What it takes to land one source. */
export interface Landing {
  readonly bytes: number;
  /** Of a multipart upload; 1 where one PUT stores the object. */
  readonly parts: number;
  /** What the source gives over all connections together; undefined where nobody knows. */
  readonly bytesPerSecond: number | undefined;
}

/** Dollars by the list prices of `prices.ts`. Transfer from the Internet into AWS is free. */
export interface LandingCost {
  /** Once: the requests to S3 that store the object. */
  readonly s3Requests: number;
  /** Once: the time of the Lambdas of a deployment with default settings. `sluice copy` needs none. */
  readonly lambda: number;
  /** A month in S3 Standard. */
  readonly storageAMonth: number;
}

/** GB of a Lambda that transfers, with default settings. */
export const TRANSFER_LAMBDA_GB = 1;
const MIB = 1_048_576;
const GIB = 1_024 * MIB;
/** Looking for an object at the key, and reading the token of what was stored. */
const READS = 1;

/**
 * What one source costs to land and to keep. What a run costs besides (states, records, logs) is in `monthlyCosts`.
 *
 * A Lambda is as slow as its source, and no faster than `USAGE.lambdaMibASecond`.
 */
export function landingCost({ bytes, parts, bytesPerSecond = Number.POSITIVE_INFINITY }: Landing): LandingCost {
  // Create and Complete.
  const writes = parts === 1 ? 1 : parts + 2;
  const seconds = bytes / Math.min(bytesPerSecond, USAGE.lambdaMibASecond * MIB) + 1 / USAGE.smallFilesASecond;
  return {
    s3Requests: writes * PRICES.s3Write.dollars + READS * PRICES.s3Read.dollars,
    lambda: seconds * TRANSFER_LAMBDA_GB * PRICES.lambdaGbSecond.dollars + PRICES.lambdaRequest.dollars,
    storageAMonth: (bytes / GIB) * PRICES.s3GbMonth.dollars,
  };
}
