import { z } from 'zod';

/** Who receives an alert when something needs a person, and which alerts. */
export const alertSettings = z.strictObject({
  email: z
    .email()
    .optional()
    .describe(
      'The mail address that receives an alert when a run failed, is late or needs attention: docs/operations.md lists the alerts. AWS first sends a mail to this address, and the receiver has to confirm the subscription. Without `alerts.email` and `alerts.topic` there are no alarms, and they cost nothing.',
    ),
  topic: z
    .string()
    .regex(/^arn:[\w-]+:sns:[\w-]+:\d{12}:[\w-]{1,256}$/, 'takes the ARN of a standard SNS topic')
    .optional()
    .describe(
      'An SNS topic of yours that receives the alerts, for a pager or a chat, in the region of the deployment. The policies of the topic and of its key have to let CloudWatch and EventBridge publish: docs/operations.md. Without it, the stack creates a topic if `alerts.email` is set.',
    ),
  runHours: z
    .number()
    .positive()
    .max(8_760)
    .optional()
    .describe(
      'Hours after which Sluice sends an alert about a run that has not ended. Without it, half of `run.timeoutHours`.',
    ),
  dollarsADay: z
    .number()
    .positive()
    .optional()
    .describe(
      'Sluice sends an alert when the runs that ended in the last 24 hours cost this many dollars or more by list prices (docs/operations.md). It needs `alerts.email` or `alerts.topic`, and costs $0.10 a month for the alarm and at most $0.30 for the metric. Without it there is no such alarm, and it costs nothing.',
    ),
});

/** Returns whether anybody receives alerts. */
export function alertsAreOn({ email, topic }: z.output<typeof alertSettings>): boolean {
  return email !== undefined || topic !== undefined;
}
