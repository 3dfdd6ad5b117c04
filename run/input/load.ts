import * as z from '#net/zod.ts';
import { whole } from '../settings/whole.ts';
import { quoted } from './quoted.ts';

/** The longest name in Redshift, in bytes. https://docs.aws.amazon.com/redshift/latest/dg/r_names.html */
const MOST_NAME_BYTES = 127;

/**
 * Returns what is wrong with the name of a schema, table or column. Every other name is valid, because statements quote
 * names.
 */
function nameProblem(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (/\p{Cc}/u.test(name)) return 'has a control character';
  return Buffer.byteLength(name) > MOST_NAME_BYTES ? `has more than the ${MOST_NAME_BYTES} bytes of a name` : undefined;
}

/** The schema and the name of a table. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** Splits `raw.trips` at its dot. Names that contain a dot are not supported. */
export function tableNameOf(text: string): TableName {
  const [schema = '', table = ''] = text.split('.');
  return { schema, table };
}

const tableSchema = () =>
  z.string().check(
    z.superRefine((text, context) => {
      const parts = text.split('.');
      if (parts.length !== 2) {
        context.addIssue(`takes the schema and the table, such as raw.trips, got ${quoted(text)}`);
        return;
      }
      for (const part of parts) {
        const problem = nameProblem(part);
        if (problem !== undefined) context.addIssue(`takes a schema and a table, but ${quoted(part)} ${problem}`);
      }
      // The same text is the name of the ledger table, which records the runs that were loaded.
      if (Buffer.byteLength(text) > MOST_NAME_BYTES) context.addIssue(`takes at most ${MOST_NAME_BYTES} bytes`);
    }),
  );

const columnSchema = () =>
  z.string().check(
    z.superRefine((name, context) => {
      const problem = nameProblem(name);
      if (problem !== undefined) context.addIssue(`takes the name of a column, but ${quoted(name)} ${problem}`);
    }),
  );
const columnsSchema = () =>
  z.array(columnSchema()).check(
    z.minLength(1),
    z.maxLength(1_600),
    z.refine((names) => new Set(names).size === names.length, 'names a column twice'),
  );

/** A text that a COPY statement contains. Redshift may read a backslash in it as an escape. */
const copyText = () =>
  z
    .string()
    .check(
      z.maxLength(100),
      z.regex(/^[^\\\p{Cc}]*$/u, 'takes no backslash and no control character (COPY reads \\N as nothing by itself)'),
    );

const loadOptionsSchema = () =>
  z.strictObject({
    /** @default parquet, if the processor `parquet` makes the file */
    format: z.optional(z.enum(['parquet', 'csv', 'json'])),
    delimiter: z.optional(
      z.string().check(z.regex(/^[\t -[\]-~]$/, 'takes one printable ASCII character except a backslash, or a tab')),
    ),
    headerLines: z.optional(whole(0, 1_000)),
    nullAs: z.optional(copyText()),
    compression: z.optional(z.enum(['gzip', 'zstd'])),
    dateFormat: z.optional(copyText().check(z.minLength(1))),
    timeFormat: z.optional(copyText().check(z.minLength(1))),
  });

const OF_CSV = ['delimiter', 'headerLines', 'nullAs'] as const;
const OF_TEXT = ['compression', 'dateFormat', 'timeFormat'] as const;

export const loadModeSchema = z.enum(['append', 'replace', 'merge']);
/** The table of the warehouse that a run's objects are loaded into, and how. */
export const loadSchema = z.lazy(() =>
  z
    .strictObject({
      table: tableSchema(),
      mode: loadModeSchema,
      keys: z.optional(columnsSchema()),
      columns: z.optional(columnsSchema()),
      options: z.prefault(loadOptionsSchema(), {}),
    })
    .check(
      z.superRefine(({ mode, keys, columns, options }, context) => {
        const problem = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
        if (mode === 'merge' && keys === undefined) {
          problem(['keys'], 'is needed with mode merge: the columns that identify a row');
        }
        if (mode !== 'merge' && keys !== undefined) problem(['keys'], `belongs to mode merge, but mode is ${mode}`);
        for (const key of columns === undefined ? [] : (keys ?? [])) {
          if (!columns?.includes(key)) problem(['columns'], `lacks the key ${quoted(key)}`);
        }
        for (const name of OF_CSV) {
          if (options[name] !== undefined && options.format !== 'csv') {
            problem(['options', name], 'belongs to format csv: set options.format to "csv", or remove this option');
          }
        }
        for (const name of OF_TEXT) {
          if (options[name] !== undefined && (options.format ?? 'parquet') === 'parquet') {
            problem(['options', name], 'belongs to the formats csv and json');
          }
        }
      }),
    ),
);
export type Load = z.infer<typeof loadSchema>;

/** Returns whether two loads mean the same, even if the input spells them differently. */
export function isSameLoad(one: Load, other: Load): boolean {
  return JSON.stringify(loadSchema.parse(one)) === JSON.stringify(loadSchema.parse(other));
}
