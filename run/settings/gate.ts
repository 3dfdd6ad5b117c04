import * as z from 'zod';
import { DEFAULT_WAIT_FOR, waitForSchema } from '../input/wait-for.ts';
import { whole } from './whole.ts';

/** The deployment's setting `gate`: how long a run waits, and for what. */
export const gateSchema = z.strictObject({
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
export type GateSettings = z.output<typeof gateSchema>;

/** Seconds that the gate waits in all before it is forced. */
export function gateWaitSeconds({ intervalSeconds, attempts }: GateSettings): number {
  return intervalSeconds * attempts;
}
