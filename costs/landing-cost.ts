import { PRICES } from './prices.ts';
import { USAGE } from './usage.ts';

/** The quantities for landing one source. */
export interface Landing {
  readonly bytes: number;
  /** Parts of a multipart upload; 1 if one PUT stores the object. */
  readonly parts: number;
  /** The speed of the source over all connections together; undefined if unknown. */
  readonly bytesPerSecond: number | undefined;
}

/** Dollars by the list prices of `prices.ts`. Transfer from the Internet into AWS is free. */
export interface LandingCost {
  /** The one-time cost of the requests to S3 that store the object. */
  readonly s3Requests: number;
  /** The one-time cost of the Lambdas of a deployment with default settings. `sluice copy` needs none. */
  readonly lambda: number;
  /** The cost of a month in S3 Standard. */
  readonly storageAMonth: number;
}

/** GB of a Lambda that transfers, with default settings. */
export const TRANSFER_LAMBDA_GB = 1;
const MIB = 1_048_576;
const GIB = 1_024 * MIB;
/** One request looks for an object at the key, and one reads the token of the stored object. */
const READS = 1;

/**
 * Computes what one source costs to land and to keep. The other costs of a run (states, records, logs) are in
 * `monthlyCosts`.
 *
 * A Lambda transfers at the speed of the source, but not faster than `USAGE.lambdaMibASecond`.
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
