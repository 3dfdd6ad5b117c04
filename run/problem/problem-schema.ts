import * as z from '#net/zod.ts';

/** How many bytes came, and how many were expected. */
const bytesSchema = z.lazy(() =>
  z.object({ got: z.int().check(z.nonnegative()), expected: z.int().check(z.nonnegative()) }),
);

/**
 * A failure in the form that everybody sees: in the ledger, the manifest, an event, the command line and the report.
 * Its members are those of problem details, and some of our own.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export const problemObject = () =>
  z.object({
    /** The section of the page that explains the code: `docs/errors.md#source-refused`. */
    type: z.string(),
    /** Stable for ever. A reader may meet a code that only a newer version knows. */
    code: z.string(),
    title: z.string(),
    /** What happened to which thing: a sentence, or a line for each of several problems. */
    detail: z.string(),
    /** The record of this occurrence, if there is one: a key in the bucket. */
    instance: z.optional(z.string()),
    /** What to do. */
    mend: z.string(),
    /** The settings or options that would permit it, or `never`. */
    allowedBy: z.string(),
    /** The name of the error that was thrown, as the log lines contain it. */
    error: z.string(),
    bytes: z.optional(bytesSchema),
    /** The command that shows the log lines. */
    logs: z.optional(z.string()),
  });
export const problemSchema = z.lazy(problemObject);
export type Problem = z.infer<typeof problemSchema>;
