import * as z from 'zod';
import { credentialFields, credentialProblems } from '../credentials/credential-reference.ts';
import { RUN_ID_PATTERN } from '../ids.ts';
import { destinationFields, expectSchema, ifExistsSchema, itemIdSchema } from '../item.ts';
import { keyProblem } from './key-problem.ts';
import { loadSchema } from './load.ts';
import { nameProblem } from './name-problem.ts';
import { PROCESSOR_NAME, PROCESSOR_NAMES } from './processor-names.ts';
import { quoted } from './quoted.ts';
import { timeZoneSchema } from './time-zone.ts';
import { DEFAULT_WAIT_FOR, waitForSchema } from './wait-for.ts';

const urlSchema = z.string().superRefine((value, context) => {
  // The URL parser drops some white space, and would read "http://h/a # note" as one URL.
  if (/[\s\p{Cc}]/u.test(value)) {
    context.addIssue('takes no white space: write %20 for a space in the URL');
    return;
  }
  // Braces are not allowed everywhere in a URL (for example in a port), so this checks the URL with its templates
  // filled.
  const url = URL.parse(value.replace(/\{[^{}]*\}/g, '00'));
  if (url === null) context.addIssue('takes an absolute URL');
  else if (url.protocol !== 'http:' && url.protocol !== 'https:') context.addIssue('takes an http or https URL');
  else if (url.username !== '' || url.password !== '') {
    context.addIssue(
      'takes no user name and password, because everybody who may read the run could read them here: use basicAuth',
    );
  }
});

const keySchema = z.string().superRefine((key, context) => {
  const problem = keyProblem(key);
  if (problem !== undefined) context.addIssue(problem);
});

const nameSchema = z.string().superRefine((name, context) => {
  const problem = nameProblem(name);
  if (problem !== undefined) context.addIssue(problem);
});

/**
 * Any name is accepted here. Plan checks whether the deployment has this processor, because a deployment may have
 * processors of its own.
 */
const processorSchema = z.string().regex(PROCESSOR_NAME, {
  error: (issue) => `takes the name of a processor, such as ${PROCESSOR_NAMES.join(', ')}, got ${quoted(issue.input)}`,
});

/** A processor with its options, or only its name. */
const processInputSchema = z.union([
  processorSchema.transform((processor) => ({ processor, options: {} })),
  z.strictObject({
    processor: processorSchema,
    options: z.record(z.string(), z.json()).default({}),
    ...destinationFields,
  }),
]);

/** One source, as a person types it or as a line of `sourcesFrom` contains it. */
export const sourceInputSchema = z
  .strictObject({
    url: urlSchema,
    key: keySchema.optional(),
    process: processInputSchema.nullable().optional(),
    ...credentialFields,
    expect: z.optional(expectSchema),
    ifExists: z.optional(ifExistsSchema),
    allowUnprovenEnd: z.boolean().optional(),
    load: z.nullish(loadSchema),
  })
  .superRefine((source, context) => {
    for (const { path, problem } of credentialProblems(source))
      context.addIssue({ code: 'custom', path, message: problem });
  });
export type SourceInput = z.infer<typeof sourceInputSchema>;

const workInputSchema = z.strictObject({
  name: nameSchema.optional(),
  processor: processorSchema,
  options: z.record(z.string(), z.json()).default({}),
  input: z.json().default(null),
  ...destinationFields,
});
export type WorkInput = z.infer<typeof workInputSchema>;

const listFormatSchema = z.enum(['jsonl', 'csv', 'tsv', 'urls']);
export type ListFormat = z.infer<typeof listFormatSchema>;

const sourcesFromSchema = z
  .strictObject({
    bucket: z.string().min(3).optional(),
    key: z.string().min(1).optional(),
    url: urlSchema.optional(),
    format: listFormatSchema.optional(),
  })
  .superRefine(({ bucket, key, url }, context) => {
    if ((key === undefined) === (url === undefined)) {
      context.addIssue('takes either the key of an object in S3 or a url, not both');
    } else if (url !== undefined && bucket !== undefined) {
      context.addIssue({ code: 'custom', path: ['bucket'], message: 'belongs to a key: remove it if you give a url' });
    }
  });

/** The input of an execution, as a person types it in the console. */
export const executionInputSchema = z
  .strictObject({
    sources: z.array(sourceInputSchema).optional(),
    sourcesFrom: sourcesFromSchema.optional(),
    work: z.array(workInputSchema).optional(),
    rerunOf: z.string().regex(RUN_ID_PATTERN, 'takes the name of an earlier run').optional(),
    /** The ids of the earlier run's items that this run repeats. @default all failed and missing ones */
    rerunItems: z.array(itemIdSchema).min(1).max(5_000).optional(),
    process: processInputSchema.nullable().default(null),
    /** The default table of the warehouse for sources that name none. */
    load: z.nullable(loadSchema).default(null),
    onLate: z.enum(['partial', 'fail']).default('partial'),
    waitFor: z
      .array(waitForSchema)
      .min(1)
      .default([...DEFAULT_WAIT_FOR]),
    deadlineMinutes: z.number().positive().optional(),
    force: z.boolean().default(false),
    schedule: z
      .string()
      .regex(
        /^(?!\.{1,2}$)[0-9A-Za-z_.-]{1,64}$/,
        'takes 1 to 64 letters, digits, dots, dashes and underscores, and not . or ..',
      )
      .optional(),
    scheduledTime: z.iso.datetime({ offset: true }).optional(),
    timeZone: timeZoneSchema.default('UTC'),
  })
  .refine(({ rerunOf, sources, sourcesFrom, work }) => rerunOf === undefined || !(sources ?? sourcesFrom ?? work), {
    path: ['rerunOf'],
    error: 'takes its items from the earlier run: remove sources, sourcesFrom and work',
  })
  .refine(({ rerunOf, load }) => rerunOf === undefined || load === null, {
    path: ['load'],
    error: "belongs to new sources: an earlier run's items are loaded as they were planned",
  })
  .refine(({ rerunOf, rerunItems }) => rerunItems === undefined || rerunOf !== undefined, {
    path: ['rerunItems'],
    error: 'names items of an earlier run: also give rerunOf',
  })
  .refine((input) => input.schedule === undefined || input.scheduledTime !== undefined, {
    path: ['scheduledTime'],
    error: 'is needed with schedule: both together are the slot that runs once',
  });
export type ExecutionInput = z.infer<typeof executionInputSchema>;
