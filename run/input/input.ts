import * as z from 'zod';
import { credentialFields, credentialProblems } from '../credentials/credential-reference.ts';
import { RUN_ID_PATTERN } from '../ids.ts';
import { expectSchema, ifExistsSchema } from '../item.ts';
import { keyProblem, MAX_KEY_BYTES } from './key-problem.ts';
import { PROCESSOR_NAMES } from './processor-names.ts';
import { timeZoneSchema } from './time-zone.ts';
import { DEFAULT_WAIT_FOR, waitForSchema } from './wait-for.ts';

const urlSchema = z.string().superRefine((value, context) => {
  // A template's braces are no URL characters everywhere (a port, say), so the check looks at a filled-in form.
  const url = URL.parse(value.replace(/\{[^{}]*\}/g, '00'));
  if (url === null) context.addIssue('takes an absolute URL');
  else if (url.protocol !== 'http:' && url.protocol !== 'https:') context.addIssue('takes an http or https URL');
  else if (url.username !== '' || url.password !== '') {
    context.addIssue('takes no user name and password, which whoever may read the run could read here: use basicAuth');
  }
});

const keySchema = z.string().superRefine((key, context) => {
  const problem = keyProblem(key);
  if (problem !== undefined) context.addIssue(problem);
});

const processorSchema = z.enum(PROCESSOR_NAMES, {
  error: (issue) => `takes one of ${PROCESSOR_NAMES.join(', ')}, got ${JSON.stringify(issue.input)}`,
});

const processInputSchema = z.union([
  processorSchema.transform((processor) => ({ processor, options: {} })),
  z.strictObject({ processor: processorSchema, options: z.record(z.string(), z.json()).default({}) }),
]);

/** One source, as a person types it or a line of `sourcesFrom` holds it. */
export const sourceInputSchema = z
  .strictObject({
    url: urlSchema,
    key: keySchema.optional(),
    process: processInputSchema.nullable().optional(),
    ...credentialFields,
    expect: expectSchema.optional(),
    ifExists: ifExistsSchema.optional(),
    allowUnprovenEnd: z.boolean().optional(),
  })
  .superRefine((source, context) => {
    for (const { path, problem } of credentialProblems(source))
      context.addIssue({ code: 'custom', path, message: problem });
  });
export type SourceInput = z.infer<typeof sourceInputSchema>;

const workInputSchema = z.strictObject({
  name: z.string().min(1).max(MAX_KEY_BYTES).optional(),
  processor: processorSchema,
  options: z.record(z.string(), z.json()).default({}),
  input: z.json().default(null),
});
export type WorkInput = z.infer<typeof workInputSchema>;

/** What an execution is started with, as a person types it in the console. */
export const executionInputSchema = z
  .strictObject({
    sources: z.array(sourceInputSchema).optional(),
    sourcesFrom: z
      .strictObject({
        bucket: z.string().min(3).optional(),
        key: z.string().min(1),
        format: z.enum(['jsonl', 'csv', 'urls']).optional(),
      })
      .optional(),
    work: z.array(workInputSchema).optional(),
    rerunOf: z.string().regex(RUN_ID_PATTERN, 'takes the name of an earlier run').optional(),
    process: processInputSchema.nullable().default(null),
    onLate: z.enum(['partial', 'fail']).default('partial'),
    waitFor: z
      .array(waitForSchema)
      .min(1)
      .default([...DEFAULT_WAIT_FOR]),
    deadlineMinutes: z.number().positive().optional(),
    force: z.boolean().default(false),
    schedule: z
      .string()
      .regex(/^[0-9A-Za-z_.-]{1,64}$/, 'takes 1 to 64 letters, digits, dots, dashes and underscores')
      .optional(),
    scheduledTime: z.iso.datetime({ offset: true }).optional(),
    timeZone: timeZoneSchema.default('UTC'),
  })
  .refine(({ rerunOf, sources, sourcesFrom, work }) => rerunOf === undefined || !(sources ?? sourcesFrom ?? work), {
    path: ['rerunOf'],
    error: 'takes its items from the earlier run: leave sources, sourcesFrom and work out',
  })
  .refine((input) => input.schedule === undefined || input.scheduledTime !== undefined, {
    path: ['scheduledTime'],
    error: 'is needed where schedule is given: the two together are the slot that is run once',
  });
export type ExecutionInput = z.infer<typeof executionInputSchema>;

/** An issue of zod as one line: `sources[3].url: takes an absolute URL`. */
export function describeIssue(issue: z.core.$ZodIssue, root = ''): string {
  const path = issue.path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    root,
  );
  return `${path === '' ? 'input' : path}: ${issueText(issue)}`;
}

function issueText(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `there is no field ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
  // A union's own message says nothing; its branches' say what would have been taken.
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return issue.errors.map((branch) => branch.map((inner) => issueText(inner)).join(' and ')).join(', or ');
  }
  return issue.message;
}
