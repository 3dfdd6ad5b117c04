import * as z from '#net/zod.ts';

/** An error in the form of Step Functions' Catch. For a Lambda, `Cause` is JSON that contains the error's message. */
export const caughtErrorSchema = z.object({ Error: z.string(), Cause: z.optional(z.string()) });
export type CaughtError = z.infer<typeof caughtErrorSchema>;
