import { z } from 'zod';
import { explainIssue, REPORTING } from '#run/input/describe-issue.ts';
import { executionInputSchema } from '#run/input/input.ts';
import { templateProblems } from '#run/input/template-problems.ts';
import { timeZoneSchema } from '#run/input/time-zone.ts';
import { DEFAULT_WAIT_FOR, waitForSchema } from '#run/input/wait-for.ts';
import { limitsSchema } from '#run/limits/limits.ts';
import { sourceRulesSchema } from '#run/limits/source-rules.ts';

/**
 * Every setting of a deployment, with its default, its limits and its meaning. The schema is the only list: synth reads
 * settings by it, and docs/settings.md is generated from it. Rules between settings are in settings-rules.ts.
 */

/** A whole number within limits. */
const whole = (min: number, max: number) => z.int().min(min).max(max);

/** An execution's input, as JSON. Kept as it was typed: Plan applies the defaults. */
const executionInput = z.record(z.string(), z.json()).superRefine((input, context) => {
  const parsed = executionInputSchema.safeParse(input, REPORTING);
  for (const issue of parsed.error?.issues ?? []) {
    context.addIssue({
      code: 'custom',
      path: issue.path,
      message: explainIssue(issue),
    });
  }
  for (const problem of parsed.success ? templateProblems(parsed.data) : []) context.addIssue(problem);
});

const gate = z.strictObject({
  intervalSeconds: whole(1, 86_400)
    .default(30)
    .describe('Seconds between two looks of the gatekeeper while work is missing.'),
  attempts: whole(1, 8_000)
    .default(50)
    .describe(
      'How often the gatekeeper looks again before the run goes on with what there is. Times the interval, it is how long a run waits: 25 minutes by default.',
    ),
  mayEndBeforeItems: z
    .boolean()
    .default(false)
    .describe(
      'Accepts a gate that waits for less time than `workers.itemMinutes` gives one item, so that a slow item comes late.',
    ),
  waitFor: z
    .array(waitForSchema)
    .min(1)
    .default([...DEFAULT_WAIT_FOR])
    .describe('The checks of a run whose input names none, as `waitFor` of an input takes them: docs/gate-checks.md.'),
  functions: z
    .array(
      z
        .string()
        .regex(/^arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+(:[\w$-]+)?$/, 'takes the ARN of a Lambda function'),
    )
    .default([])
    .describe(
      'Lambda functions of your own that `waitFor` of an input may name as a check, by ARN. The gatekeeper gets leave to call them.',
    ),
});

const ingest = z.strictObject({
  children: whole(1, 1_000).default(4).describe("Batches in transfer at once: the Distributed Map's concurrency."),
  slicesAtOnce: whole(1, 40).default(2).describe('Slices of one large object in transfer at once, within its batch.'),
  maxLambdas: whole(1, 10_000)
    .default(8)
    .describe(
      "The most Lambdas that a run's transfers may use at once: `ingest.children` × `ingest.slicesAtOnce` stays within it. A new AWS account has 10 in all.",
    ),
  sourcesPerBatch: whole(1, 50)
    .default(50)
    .describe(
      'The most sources in one batch. Short lists get one source a batch, so that the console shows one child a source.',
    ),
  sourcesAtOnce: whole(1, 64).default(8).describe('Small sources of one batch in transfer at once, within one Lambda.'),
  connections: whole(1, 64).default(4).describe('Connections to a source that one Lambda opens for one large object.'),
  bufferMiB: whole(5, 512)
    .default(8)
    .describe(
      'Size of one transfer buffer, in MiB. A Lambda holds one for each of `ingest.connections`, and one more for every second.',
    ),
  sliceMiB: whole(64, 1_048_576).default(4_096).describe('How much of a large object one slice covers, in MiB.'),
  memoryMiB: whole(256, 10_240)
    .default(1_024)
    .describe('Memory of the Lambdas that transfer, in MiB. Lambda gives CPU in proportion to it.'),
  openCalls: whole(1, 100)
    .default(20)
    .describe('How often Open is called for one batch until all its small sources are done.'),
  sliceCalls: whole(1, 2_000)
    .default(20)
    .describe('How often Slice is called for one slice until it is done. Each call has up to 15 minutes.'),
  listBuckets: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'takes the name of an S3 bucket'))
    .default([])
    .describe(
      "Buckets besides the deployment's own that `sourcesFrom` of an input may name. Plan gets leave to read their objects.",
    ),
});

const workers = z.strictObject({
  max: whole(1, 1_000)
    .default(4)
    .describe(
      "The most Fargate tasks at once, of all runs together: they share a queue. Times the vCPUs of a task, it is 4 by default: a new account's quota may be no more than 4 to 6.",
    ),
  cpu: z
    .literal([256, 512, 1_024, 2_048, 4_096, 8_192, 16_384])
    .default(1_024)
    .describe('CPU units of a task; 1024 are one vCPU.'),
  memoryMiB: whole(512, 122_880)
    .default(2_048)
    .describe('Memory of a task, in MiB. Fargate takes certain amounts for each `workers.cpu`.'),
  spot: z
    .boolean()
    .default(true)
    .describe('Asks for Spot tasks first, and for on-demand ones where Spot has no capacity.'),
  architecture: z
    .enum(['arm64', 'x64'])
    .default('arm64')
    .describe('Processors of the tasks. arm64 costs a fifth less; an image of your own may need x64.'),
  diskGiB: whole(20, 200)
    .default(20)
    .describe(
      'Disk of a task, in GiB; 20 cost nothing extra. `parquet` unpacks its input there and takes a third of what is free for it.',
    ),
  parquet: z
    .boolean()
    .default(true)
    .describe(
      'Deploys the native part of DuckDB, which `parquet` needs, and `profile` for tables: 20 MiB, installed at the first synth and uploaded at the first deploy.',
    ),
  image: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Image of the task. It needs Node 24 or newer as `node`. Without it, the public Node image of the version this project is tested with.',
    ),
  imageDigest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, 'takes sha256: and 64 hexadecimal digits')
    .optional()
    .describe('Digest that the image must have, as `sha256:…`.'),
  itemsPerWorker: whole(1, 100_000)
    .default(10)
    .describe('How many outstanding items call for one more worker, up to `workers.max`.'),
  itemsAtOnce: whole(1, 100).default(2).describe('Items that one worker processes at once.'),
  idleSeconds: whole(1, 3_600).default(60).describe('Seconds of an empty queue after which a worker leaves.'),
  visibilitySeconds: whole(2, 43_200)
    .default(120)
    .describe(
      "Seconds for which a received message stays hidden from other workers. After a worker's sudden end its items wait this long.",
    ),
  heartbeatSeconds: whole(1, 21_600)
    .default(40)
    .describe("Seconds between two extensions of a message's visibility while its item is processed."),
  maxAttempts: whole(1, 10).default(3).describe('How often an item is tried before it is recorded as failed.'),
  retrySeconds: whole(1, 900)
    .default(10)
    .describe("Seconds before an item's second try; the pause doubles from there."),
  userAgent: z
    .string()
    .regex(/^[\x20-\x7e]+$/, 'takes printable ASCII characters')
    .optional()
    .describe(
      'How the scraper names itself to sites. Say how to reach you: `example-crawler/1.0 (+https://example.org/bot)`.',
    ),
  itemMinutes: z
    .number()
    .min(0.05)
    .max(690)
    .default(20)
    .describe('Minutes that one item may take. At most 690: SQS hides a message for 12 hours in all.'),
});

const run = z.strictObject({
  timeoutHours: z
    .number()
    .min(0.1)
    .max(8_760)
    .default(24)
    .describe('Hours after which Step Functions ends a run, whatever it is at.'),
  keepDays: whole(1, 3_650)
    .default(90)
    .describe("Days for which a run's records under `runs/` are kept. Landed objects and outputs are never deleted."),
});

const bucket = z.strictObject({
  oldVersionDays: whole(1, 3_650)
    .default(3)
    .describe(
      'Days for which overwritten and deleted versions of objects are kept. A bad file of Friday night can be had back on Monday. Each day keeps one more copy of what is overwritten every night: docs/costs.md.',
    ),
  incompleteUploadDays: whole(1, 365)
    .default(7)
    .describe('Days after which S3 removes an upload that was never completed.'),
  deleteWithStack: z
    .boolean()
    .default(false)
    .describe('Deletes the bucket and all that is in it when the stack is destroyed. Otherwise the bucket stays.'),
});

const encryption = z.strictObject({
  key: z
    .string()
    .regex(/^(service|own|arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+)$/, 'takes service, own, or the ARN of a KMS key')
    .default('service')
    .describe(
      "What encrypts the bucket, the queues and the log groups: `service` for keys that S3, SQS and CloudWatch Logs hold themselves, at no cost; `own` for a KMS key made with the stack, a dollar a month, which outlives the stack; or the ARN of a KMS key of yours, whose policy has to let the account's IAM policies, CloudWatch Logs and EventBridge use it.",
    ),
  formerKeys: z
    .array(z.string().regex(/^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+$/, 'takes the ARN of a KMS key'))
    .default([])
    .describe(
      'KMS keys that `encryption.key` named before. What is encrypted with them stays readable. A deploy that changes `encryption.key` is refused until the key before it is in this list.',
    ),
});

const network = z.strictObject({
  vpcId: z
    .string()
    .regex(/^vpc-[0-9a-f]{8,17}$/, 'takes the id of a VPC, such as vpc-0123456789abcdef0')
    .optional()
    .describe(
      'An existing VPC for the workers; they run in its private subnets with a way out. Without it, a VPC of its own with public subnets and no NAT.',
    ),
  flowLogs: z
    .boolean()
    .default(false)
    .describe(
      "Logs who talked to whom in Sluice's own VPC. Costs what CloudWatch Logs takes for it while workers run.",
    ),
  restrictDefaultSecurityGroup: z
    .boolean()
    .default(true)
    .describe(
      "Empties the default security group of Sluice's own VPC, in which nothing of Sluice is. CloudFormation can't: a function does it at deploy, with a role that may take rules out of that group and nothing else.",
    ),
});

const logs = z.strictObject({
  retentionDays: z
    .literal([
      1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1_096, 1_827, 2_192, 2_557, 2_922, 3_288, 3_653,
    ])
    .default(30)
    .describe('Days for which logs are kept; CloudWatch takes these only.'),
  stateMachineLevel: z
    .enum(['OFF', 'FATAL', 'ERROR', 'ALL'])
    .default('ERROR')
    .describe('Which events of the state machine are logged. Inputs and outputs of states never are.'),
});

const schedule = z.strictObject({
  name: z
    .string()
    .regex(
      /^(?!\.{1,2}$)[0-9A-Za-z_.-]{1,64}$/,
      'takes 1 to 64 letters, digits, dots, dashes and underscores, and not . or ..',
    )
    .describe('Name of the schedule; with the scheduled time it makes the slot that is run once.'),
  expression: z
    .string()
    .regex(
      /^(rate\(\d+ (minute|minutes|hour|hours|day|days)\)|cron\(\S+( \S+){5}\)|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\))$/,
      'takes rate(…), cron(…) with six fields or at(…), as EventBridge Scheduler writes them: cron(30 4 * * ? *)',
    )
    .describe(
      'When to run, as EventBridge Scheduler writes it: `cron(30 4 * * ? *)`, `rate(6 hours)`, `at(2027-01-31T04:30:00)`.',
    ),
  timeZone: timeZoneSchema
    .default('UTC')
    .describe('Time zone of the expression, and of the templates in the input where that names none.'),
  input: executionInput.default({}).describe('Input of the execution. `schedule` and `scheduledTime` are filled in.'),
});

/** The settings of one deployment. Each name below is a context name under `sluice`. */
export const settingsSchema = z.strictObject({
  stackName: z
    .string()
    .regex(/^[A-Za-z][0-9A-Za-z-]{0,39}$/, 'takes a letter, then at most 39 letters, digits and dashes')
    .default('Sluice')
    .describe('Name of the CloudFormation stack. Two deployments in one account and region need two names.'),
  gate: gate.prefault({}),
  ingest: ingest.prefault({}),
  workers: workers.prefault({}),
  run: run.prefault({}),
  bucket: bucket.prefault({}),
  encryption: encryption.prefault({}),
  network: network.prefault({}),
  sources: sourceRulesSchema.prefault({}),
  limits: limitsSchema.prefault({}),
  logs: logs.prefault({}),
  schedules: z.array(schedule).default([]).describe('Schedules that start runs.'),
  defaultInput: executionInput.optional().describe('What an execution started with `{}` runs: an execution input.'),
});

export type Settings = z.output<typeof settingsSchema>;
export type ScheduleSettings = Settings['schedules'][number];
