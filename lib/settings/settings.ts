import { z } from 'zod';
import { timeZoneSchema } from '#run/input/time-zone.ts';
import { limitsSchema } from '#run/limits/limits.ts';
import { sourceRulesSchema } from '#run/limits/source-rules.ts';
import { gateSchema } from '#run/settings/gate.ts';
import { ingestSchema } from '#run/settings/ingest.ts';
import { metricsSchema } from '#run/settings/metrics.ts';
import { redshiftSchema } from '#run/settings/redshift.ts';
import { whole } from '#run/settings/whole.ts';
import { workersSchema } from '#run/settings/workers.ts';
import { alertSettings } from './alert-settings.ts';
import { deliverySettings } from './delivery-settings.ts';
import { executionInput } from './execution-input.ts';

/**
 * Every setting of a deployment, with its default, its limits and its meaning. The schema is the only list: synth reads
 * settings with it, and docs/settings.md is generated from it. Rules between settings are in settings-rules.ts.
 */

const run = z.strictObject({
  timeoutHours: z
    .number()
    .min(0.1)
    .max(8_760)
    .default(24)
    .describe('Hours after which Step Functions ends a run, in any state.'),
  keepDays: z
    ._default(whole(1, 3_650), 90)
    .describe("Days for which a run's records under `runs/` are kept. Landed objects and outputs are never deleted."),
});

const bucket = z.strictObject({
  oldVersionDays: z
    ._default(whole(1, 3_650), 3)
    .describe(
      'Days for which overwritten and deleted versions of objects are kept. If the file of Friday night is bad, you can restore the earlier one on Monday. For an object that is overwritten every night, each day adds one more copy: docs/costs.md.',
    ),
  incompleteUploadDays: z
    ._default(whole(1, 365), 7)
    .describe('Days after which S3 removes an upload that was never completed.'),
  deleteWithStack: z
    .boolean()
    .default(false)
    .describe('Deletes the bucket with its content when the stack is destroyed. Otherwise the bucket is kept.'),
});

const encryption = z.strictObject({
  key: z
    .string()
    .regex(/^(service|own|arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+)$/, 'takes service, own, or the ARN of a KMS key')
    .default('service')
    .describe(
      "What encrypts the bucket, the queues and the log groups: `service` for the keys of S3, SQS and CloudWatch Logs, at no cost; `own` for a KMS key that the stack creates, for $1 a month, and that is kept when the stack is destroyed; or the ARN of a KMS key of yours, whose policy has to let the account's IAM policies, CloudWatch Logs and EventBridge use it.",
    ),
  formerKeys: z
    .array(z.string().regex(/^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+$/, 'takes the ARN of a KMS key'))
    .default([])
    .describe(
      'KMS keys that `encryption.key` named before. Objects that they encrypted stay readable. Sluice refuses a deploy that changes `encryption.key` until this list contains the previous key.',
    ),
});

const network = z.strictObject({
  vpcId: z
    .string()
    .regex(/^vpc-[0-9a-f]{8,17}$/, 'takes the id of a VPC, such as vpc-0123456789abcdef0')
    .optional()
    .describe(
      'An existing VPC for the workers, which run in its private subnets with a route to the Internet. Without it, the stack creates a VPC with public subnets and no NAT.',
    ),
  flowLogs: z
    .boolean()
    .default(false)
    .describe("Logs the connections in Sluice's own VPC. CloudWatch Logs charges for it while workers run."),
  restrictDefaultSecurityGroup: z
    .boolean()
    .default(true)
    .describe(
      "Empties the default security group of Sluice's own VPC, which Sluice does not use. CloudFormation can't do this, so a function does it during the deploy. Its role may remove the rules of this group, and do nothing else.",
    ),
});

const logs = z.strictObject({
  retentionDays: z
    .literal([
      1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1_096, 1_827, 2_192, 2_557, 2_922, 3_288, 3_653,
    ])
    .default(7)
    .describe('Days for which logs are kept. CloudWatch accepts only these values.'),
  level: z
    .enum(['DEBUG', 'INFO', 'WARN', 'ERROR'])
    .default('INFO')
    .describe(
      'The lowest level that functions and workers log. `DEBUG` adds a line for each request to AWS, to a source and to any other server, with its status and time. Use it to find a fault, not all the time.',
    ),
  stateMachineLevel: z
    .enum(['OFF', 'FATAL', 'ERROR', 'ALL'])
    .default('ERROR')
    .describe('Which events of the state machine are logged. Inputs and outputs of states are never logged.'),
});

const schedule = z.strictObject({
  name: z
    .string()
    .regex(
      /^(?!\.{1,2}$)[0-9A-Za-z_.-]{1,64}$/,
      'takes 1 to 64 letters, digits, dots, dashes and underscores, and not . or ..',
    )
    .describe('Name of the schedule; the name and the scheduled time identify a slot, and each slot is run once.'),
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
    .describe('Time zone of the expression, and of the templates in the input if the input names no time zone.'),
  input: executionInput.default({}).describe('Input of the execution. Sluice adds `schedule` and `scheduledTime`.'),
});

/** The settings of one deployment. Each name below is a context name under `sluice`. */
export const settingsSchema = z.strictObject({
  stackName: z
    .string()
    .regex(/^[A-Za-z][0-9A-Za-z-]{0,39}$/, 'takes a letter, then at most 39 letters, digits and dashes')
    .default('Sluice')
    .describe('Name of the CloudFormation stack. Two deployments in one account and region need two names.'),
  gate: gateSchema.prefault({}),
  ingest: z.prefault(ingestSchema, {}),
  workers: workersSchema.prefault({}),
  run: run.prefault({}),
  bucket: bucket.prefault({}),
  encryption: encryption.prefault({}),
  network: network.prefault({}),
  sources: z.prefault(sourceRulesSchema, {}),
  limits: z.prefault(limitsSchema, {}),
  logs: logs.prefault({}),
  alerts: alertSettings.prefault({}),
  metrics: z.prefault(metricsSchema, {}),
  redshift: redshiftSchema
    .optional()
    .describe(
      'The Redshift warehouse that runs load into: docs/redshift.md. Without it, Sluice deploys nothing for a warehouse.',
    ),
  delivery: deliverySettings
    .optional()
    .describe('The pipeline that deploys at each push: docs/delivery.md. Without it, there is no pipeline.'),
  schedules: z.array(schedule).default([]).describe('Schedules that start runs.'),
  defaultInput: executionInput.optional().describe('The input of an execution that is started with `{}`.'),
});

/**
 * Settings as they are typed, under `sluice` in `cdk.json` or as `settings` of a construct: missing ones get their
 * defaults.
 */
export interface SettingsInput extends z.input<typeof settingsSchema> {}
/** Settings with all defaults, as `readSettings` returns them. */
export interface Settings extends z.output<typeof settingsSchema> {}
export type ScheduleSettings = Settings['schedules'][number];
