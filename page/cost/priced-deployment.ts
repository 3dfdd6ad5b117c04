import * as z from 'zod';

/**
 * The properties of a deployment that decide the cost of a run. `lib/functions/functions.ts` passes them to DoneState
 * in a variable.
 */
export const pricedDeploymentSchema = z.object({
  /** GB of the functions that transfer, that count and write a run's end, and of all others, as Lambda charges them. */
  transferGb: z.number().positive(),
  endGb: z.number().positive(),
  shortGb: z.number().positive(),
  sourcesAtOnce: z.int().positive(),
  sliceMib: z.number().positive(),
  workerVcpus: z.number().positive(),
  workerGb: z.number().positive(),
  architecture: z.enum(['arm64', 'x64']),
  spot: z.boolean(),
  /** Workers have public IPv4 addresses. */
  publicIps: z.boolean(),
  /** Whether a KMS key encrypts that is not S3's own. */
  ownKey: z.boolean(),
});
export type PricedDeployment = z.infer<typeof pricedDeploymentSchema>;
