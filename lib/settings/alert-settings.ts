import { z } from 'zod';

/** Who is told when something needs a person, and of what. */
export const alertSettings = z.strictObject({
  email: z
    .email()
    .optional()
    .describe(
      'Who is told when a run failed, is late or needs a look in another way: docs/operations.md lists the alerts. AWS sends this address a mail first, in which it has to be confirmed. Without `alerts.email` and `alerts.topic` there are no alarms, and they cost nothing.',
    ),
  topic: z
    .string()
    .regex(/^arn:[\w-]+:sns:[\w-]+:\d{12}:[\w-]{1,256}$/, 'takes the ARN of a standard SNS topic')
    .optional()
    .describe(
      'A topic of yours that the alerts go to, for a pager or a chat, in the region of the deployment. Its policy, and that of its key, have to let CloudWatch and EventBridge publish: docs/operations.md. Without it, a topic of its own where `alerts.email` is set.',
    ),
  runHours: z
    .number()
    .positive()
    .max(8_760)
    .optional()
    .describe('Hours after which a run that is still going is an alert. Without it, half of `run.timeoutHours`.'),
});

/** Whether anybody is to be told. */
export function alertsAreOn({ email, topic }: z.output<typeof alertSettings>): boolean {
  return email !== undefined || topic !== undefined;
}
