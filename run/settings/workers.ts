import * as z from 'zod';
import { PROCESSOR_NAME, PROCESSOR_NAMES } from '../input/processor-names.ts';
import { whole } from './whole.ts';

/** The deployment's setting `workers`: the Fargate tasks, and how each of them works. */
export const workersSchema = z.strictObject({
  max: z
    ._default(whole(1, 1_000), 4)
    .describe(
      'The largest number of Fargate tasks at the same time, for all runs together, because they share a queue. By default, the tasks use 4 vCPUs in all, because the quota of a new account may be only 4 to 6.',
    ),
  cpu: z
    .literal([256, 512, 1_024, 2_048, 4_096, 8_192, 16_384])
    .default(1_024)
    .describe('CPU units of a task; 1024 are one vCPU.'),
  memoryMiB: z
    ._default(whole(512, 122_880), 2_048)
    .describe('Memory of a task, in MiB. Fargate allows only certain amounts for each `workers.cpu`.'),
  spot: z.boolean().default(true).describe('Starts Spot tasks first, and on-demand tasks if Spot has no capacity.'),
  architecture: z
    .enum(['arm64', 'x64'])
    .default('arm64')
    .describe('Processors of the tasks. arm64 costs a fifth less; your own image may need x64.'),
  diskGiB: z
    ._default(whole(20, 200), 20)
    .describe(
      'Disk of a task, in GiB; 20 cost nothing extra. `parquet` unpacks its input there, and may use a third of the free space for it.',
    ),
  parquet: z
    .boolean()
    .default(true)
    .describe(
      'Deploys the native part of DuckDB, which `parquet` needs, and `profile` for tables: 20 MiB, installed at the first synth and uploaded at the first deploy.',
    ),
  processors: z
    .record(z.string().regex(PROCESSOR_NAME, 'takes lower case letters, digits and dashes'), z.string().min(1))
    .refine((own) => PROCESSOR_NAMES.every((name) => !(name in own)), `may not name ${PROCESSOR_NAMES.join(', ')}`)
    .default({})
    .describe(
      'Processors of your own, by name: for each one the path of its file, relative to the folder of `cdk.json`. `{ "count-lines": "./count-lines.ts" }`. docs/processors.md.',
    ),
  image: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Image of the task. It needs Node 24 or newer as `node`. Without it, tasks run the public Node image of the version with which this project is tested.',
    ),
  imageDigest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, 'takes sha256: and 64 hexadecimal digits')
    .optional()
    .describe('Digest that the image must have, as `sha256:…`.'),
  itemsPerWorker: z
    ._default(whole(1, 100_000), 10)
    .describe('Sluice starts one worker for this many outstanding items, up to `workers.max`.'),
  itemsAtOnce: z._default(whole(1, 100), 2).describe('Items that one worker processes at once.'),
  idleSeconds: z
    ._default(whole(1, 3_600), 60)
    .describe('Seconds for which the queue must be empty before a worker ends.'),
  visibilitySeconds: z
    ._default(whole(2, 43_200), 120)
    .describe(
      'Seconds for which a received message stays hidden from other workers. If a worker ends suddenly, its items wait this long.',
    ),
  heartbeatSeconds: z
    ._default(whole(1, 21_600), 40)
    .describe("Seconds between two extensions of a message's visibility while its item is processed."),
  maxAttempts: z._default(whole(1, 10), 3).describe('How often an item is tried before it is recorded as failed.'),
  retrySeconds: z
    ._default(whole(1, 900), 10)
    .describe('Seconds before the second attempt at an item. The pause doubles with each further attempt.'),
  userAgent: z
    .string()
    .regex(/^[\x20-\x7e]+$/, 'takes printable ASCII characters')
    .default('sluice/1 (batch worker; obeys robots.txt)')
    .describe(
      'The User-Agent that the scraper sends to sites. Say how to reach you: `example-crawler/1.0 (+https://example.org/bot)`.',
    ),
  itemMinutes: z
    .number()
    .min(0.05)
    .max(690)
    .default(20)
    .describe('Minutes that one item may take. At most 690: SQS hides a message for 12 hours in all.'),
});
export type WorkersSettings = z.output<typeof workersSchema>;

/** The processors of the workers, with the user's own ones. */
export function deployedProcessors({ parquet, processors }: WorkersSettings): string[] {
  return [...PROCESSOR_NAMES.filter((name) => name !== 'parquet' || parquet), ...Object.keys(processors)];
}
