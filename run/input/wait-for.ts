import * as z from 'zod';

export const functionArnSchema = z
  .string()
  .regex(/^arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+(:[\w$-]+)?$/, 'takes the ARN of a Lambda function');

/**
 * Names of checks in the setting `gate.checks`. With the longest name of a stack, this is as long as Lambda accepts.
 */
export const CHECK_NAME = /^[a-z][a-z0-9-]{0,15}$/;

/**
 * What a run's gate waits for, besides force and the deadline. The gate opens when all of these checks are ready.
 * docs/gate-checks.md says which check to use when.
 */
export const waitForSchema = z.discriminatedUnion('check', [
  z.strictObject({
    /** Every item is settled. */
    check: z.literal('ledger'),
  }),
  z.strictObject({
    /** The queue of the work is empty. */
    check: z.literal('queue'),
  }),
  z.strictObject({
    /** The bucket has so many objects. */
    check: z.literal('objects'),
    /** How their keys begin. */
    prefix: z.string().min(1),
    /** The least number of objects. */
    count: z.int().positive(),
  }),
  z.strictObject({
    /** A URL answers that the work is done. */
    check: z.literal('http'),
    /** What is asked at each look. */
    url: z.url({ protocol: /^https?$/ }),
  }),
  z.strictObject({
    /** A Lambda function returns that the work is done. */
    check: z.literal('lambda'),
    /** Its ARN, or the name of a check in the setting `gate.checks`. */
    function: z.union([functionArnSchema, z.string().regex(CHECK_NAME)], {
      error: 'takes the ARN of a Lambda function, or a name from the setting gate.checks',
    }),
  }),
]);
export type WaitFor = z.infer<typeof waitForSchema>;

export const DEFAULT_WAIT_FOR: readonly WaitFor[] = [{ check: 'ledger' }];
