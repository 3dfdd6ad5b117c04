import * as z from 'zod';

/**
 * What a run's gate waits for, besides force and the deadline. The gate opens when all of these checks are ready.
 * docs/gate-checks.md says which check to use when.
 */
export const waitForSchema = z.discriminatedUnion('check', [
  z.strictObject({ check: z.literal('ledger') }),
  z.strictObject({ check: z.literal('queue') }),
  z.strictObject({ check: z.literal('objects'), prefix: z.string().min(1), count: z.int().positive() }),
  z.strictObject({ check: z.literal('http'), url: z.url({ protocol: /^https?$/ }) }),
  z.strictObject({
    check: z.literal('lambda'),
    function: z
      .string()
      .regex(/^arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+(:[\w$-]+)?$/, "takes a function's ARN"),
  }),
]);
export type WaitFor = z.infer<typeof waitForSchema>;

export const DEFAULT_WAIT_FOR: readonly WaitFor[] = [{ check: 'ledger' }];
