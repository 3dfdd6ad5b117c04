import * as z from 'zod';

/** What of a deployment decides what a run of it costs. `lib/functions/functions.ts` tells DoneState by a variable. */
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
  /** A KMS key encrypts that is none of S3's own. */
  ownKey: z.boolean(),
});
export type PricedDeployment = z.infer<typeof pricedDeploymentSchema>;
