import * as z from 'zod';
import { whole } from './whole.ts';

/** A name in the database. Statements quote it, so every printable name is valid. */
const databaseName = z
  .string()
  .regex(/^[^\p{Cc}."]{1,60}$/u, 'takes 1 to 60 characters, without dots, double quotes and control characters');

/** The deployment's setting `redshift`: the warehouse that runs load into. */
export const redshiftSchema = z
  .strictObject({
    workgroup: z
      .string()
      .regex(
        /^arn:[\w-]+:redshift-serverless:[\w-]+:\d{12}:workgroup\/[\w-]+$/,
        'takes the ARN of a workgroup of Redshift Serverless',
      )
      .optional()
      .describe('ARN of the workgroup, for Redshift Serverless. Give this or `redshift.cluster`.'),
    cluster: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,62}$/, 'takes the name of a cluster: lower case letters, digits and dashes')
      .optional()
      .describe('Name of the cluster, for a provisioned one in the same account and region.'),
    database: databaseName.default('dev').describe('The database whose tables are loaded.'),
    secretArn: z
      .string()
      .regex(/^arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:.+$/, 'takes the ARN of a secret')
      .optional()
      .describe(
        'A secret with `username` and `password` of the database user. Without it, Redshift derives the user from the IAM role of the function: the output `WarehouseUser` is the name of the user.',
      ),
    dbUser: databaseName
      .optional()
      .describe(
        'The database user of a provisioned cluster, by temporary credentials (`redshift:GetClusterCredentials`).',
      ),
    copyRole: z
      .string()
      .regex(/^(default|arn:[\w-]+:iam::\d{12}:role\/[\w+=,.@/-]+)$/, 'takes the ARN of a role, or default')
      .describe(
        "The role with which COPY reads Sluice's bucket: its ARN, or `default` for the default role of the cluster or workgroup. docs/redshift.md has its policy.",
      ),
    ledgerSchema: databaseName
      .default('sluice')
      .describe(
        'The schema in which Sluice keeps a small table for each table that it loads. The small table lists the runs that were loaded.',
      ),
    statementMinutes: z
      .number()
      .min(0.05)
      .max(1_440)
      .default(60)
      .describe(
        'Minutes after which the warehouse ends a statement of a load. Sluice sets this limit in every session.',
      ),
    queryGroup: z
      .string()
      .regex(/^[^\\\p{Cc}]{1,100}$/u, 'takes 1 to 100 characters, without backslashes and control characters')
      .default('sluice')
      .describe('`query_group` of every session. With manual WLM, it decides which queue gets the load.'),
    slots: z
      .optional(whole(2, 50))
      .describe(
        '`wlm_query_slot_count` of a load: how many slots of its queue the load takes, to get their memory. For manual WLM only.',
      ),
    tablesAtOnce: z
      ._default(whole(1, 50), 1)
      .describe('Tables that one run loads at once. The loads into one table wait for each other in any case.'),
    intervalSeconds: z._default(whole(1, 3_600), 15).describe('Seconds between two looks at the loads.'),
    attempts: z
      ._default(whole(1, 5_000), 360)
      .describe(
        'How often Sluice looks again before it cancels the loads and fails the run: 90 minutes by default, with the interval.',
      ),
    watch: z
      .boolean()
      .default(false)
      .describe(
        "Records once a day how long queries wait in the warehouse's queues: a report below `runs/.queues/`, and metrics at $0.30 a month each, in proportion to the hours in which they are sent. With `alerts.email` or `alerts.topic`, alarms report long waits and queues without a timeout, at $0.10 a month each. The database user is the output `WarehouseWatchUser` and needs the role `sys:monitor`: docs/redshift.md.",
      ),
    watchWaitSeconds: z
      .number()
      .min(1)
      .max(86_400)
      .default(60)
      .describe(
        "With `redshift.watch`, an alarm reports when the 95th percentile of a queue's waits in a day is this many seconds or more.",
      ),
  })
  .superRefine(({ workgroup, cluster, secretArn, dbUser }, context) => {
    const problem = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if ((workgroup === undefined) === (cluster === undefined))
      problem('workgroup', 'or cluster is needed: exactly one of the two');
    if (dbUser !== undefined && workgroup !== undefined)
      problem('dbUser', 'is for a cluster: Serverless derives its user from the IAM role');
    if (dbUser !== undefined && secretArn !== undefined)
      problem('dbUser', 'is contained in the secret: give only one of the two');
  });
export type RedshiftSettings = z.output<typeof redshiftSchema>;

/** Seconds that Sluice waits for loads. */
export function loadWaitSeconds({ intervalSeconds, attempts }: RedshiftSettings): number {
  return intervalSeconds * attempts;
}
