import * as z from 'zod';
import { CHECK_NAME, DEFAULT_WAIT_FOR, functionArnSchema, waitForSchema } from '../input/wait-for.ts';
import { whole } from './whole.ts';

/** The deployment's setting `gate`: how long a run waits, and for what. */
export const gateSchema = z.strictObject({
  intervalSeconds: z
    ._default(whole(1, 86_400), 30)
    .describe('Seconds between two looks of the gatekeeper while work is missing.'),
  attempts: z
    ._default(whole(1, 8_000), 50)
    .describe(
      'How often the gatekeeper looks again before the run goes on with the items that are done. A run waits for this number times `gate.intervalSeconds`: 25 minutes by default.',
    ),
  mayEndBeforeItems: z
    .boolean()
    .default(false)
    .describe(
      'Accepts a gate that waits for less time than one item may take (`workers.itemMinutes`). A slow item may then be late.',
    ),
  waitFor: z
    .array(waitForSchema)
    .min(1)
    .default([...DEFAULT_WAIT_FOR])
    .describe('The checks of a run if its input has no `waitFor`, in the same form: docs/gate-checks.md.'),
  functions: z
    .array(functionArnSchema)
    .default([])
    .describe(
      'Lambda functions of your own that `waitFor` of an input may name as a check, by ARN. The deploy grants the gatekeeper permission to call them.',
    ),
  checks: z
    .record(
      z.string().regex(CHECK_NAME, 'takes a letter, then at most 15 lower case letters, digits and dashes'),
      z.string().min(1),
    )
    .default({})
    .describe(
      'Checks of your own, by name: the file of each one, from the folder of `cdk.json`. `{ "export-done": "./export-done.ts" }`. The file exports `handler`, and the deploy makes a Lambda function of it: docs/gate-checks.md.',
    ),
});
export type GateSettings = z.output<typeof gateSchema>;

/** Whether the gatekeeper may call a function that `waitFor` names. */
export function mayCall({ functions, checks }: GateSettings, named: string): boolean {
  return functions.includes(named) || Object.hasOwn(checks, named);
}

/** Seconds that the gate waits in total before it is forced. */
export function gateWaitSeconds({ intervalSeconds, attempts }: GateSettings): number {
  return intervalSeconds * attempts;
}
