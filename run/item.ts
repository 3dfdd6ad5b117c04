import * as z from '#net/zod.ts';
import { credentialFields } from './credentials/credential-reference.ts';
import { loadSchema } from './input/load.ts';
import { PROCESSOR_NAME } from './input/processor-names.ts';

/** The properties that the source's body must have. The engine checks them in addition to its own checks. */
export const expectSchema = z.lazy(() =>
  z.strictObject({
    bytes: z.optional(z.int().check(z.nonnegative())),
    sha256: z.optional(z.hex().check(z.length(64))),
    md5: z.optional(z.hex().check(z.length(32))),
    crc32: z.optional(z.hex().check(z.length(8))),
    contentType: z.optional(
      z.string().check(z.regex(/^[\w.+-]+\/(?:\*|[\w.+-]+)$/, 'takes a media type such as text/csv, or text/*')),
    ),
  }),
);

export const ifExistsSchema = z.enum(['update', 'skip', 'overwrite', 'fail']);

/** Where the outputs of a processor are published: see `run/published/destination.ts`. */
export const destinationFields = {
  to: z.optional(z.string().check(z.minLength(1), z.maxLength(800))),
  mode: z.optional(z.enum(['replace', 'append'])),
};

/** The processor of a landed object or an item of work, and the options of the processor. */
export const processSchema = z.lazy(() =>
  z.strictObject({
    processor: z
      .string()
      .check(z.regex(PROCESSOR_NAME, 'takes a processor name: lower case letters, digits and dashes')),
    options: z._default(z.record(z.string(), z.json()), {}),
    ...destinationFields,
  }),
);
export type Process = z.infer<typeof processSchema>;

export const itemIdSchema = z.string().check(z.regex(/^[0-9a-f]{32}$/));

/** A source in the plan: its templates are filled and defaults applied. */
export const sourceItemSchema = z.lazy(() =>
  z.strictObject({
    kind: z.literal('source'),
    id: itemIdSchema,
    url: z.string(),
    key: z.string(),
    process: z.nullable(processSchema),
    ...credentialFields,
    expect: z.optional(expectSchema),
    ifExists: z.optional(ifExistsSchema),
    allowUnprovenEnd: z.optional(z.boolean()),
    /** The table of the warehouse that the source's object is loaded into. Its format is filled in. */
    load: z.optional(loadSchema),
    /**
     * An earlier run that landed the source and lacks only its result. If the object is unchanged, it is processed and
     * not landed again.
     */
    landedIn: z.optional(z.string()),
  }),
);

/** Work that has no source: it is sent to the queue unchanged. */
export const workItemSchema = z.lazy(() =>
  z.strictObject({
    kind: z.literal('work'),
    id: itemIdSchema,
    name: z.string(),
    process: processSchema,
    input: z.json(),
  }),
);

/** One item of the plan, as a batch object contains it. */
export const itemSchema = z.lazy(() => z.discriminatedUnion('kind', [sourceItemSchema, workItemSchema]));
export const batchSchema = z.lazy(() => z.array(itemSchema));

export type SourceItem = z.infer<typeof sourceItemSchema>;
export type WorkItem = z.infer<typeof workItemSchema>;
export type Item = z.infer<typeof itemSchema>;

/** The name by which a person knows the item: the key that it lands at, or the work's own name. */
export function itemName(item: Item): string {
  return item.kind === 'source' ? item.key : item.name;
}
