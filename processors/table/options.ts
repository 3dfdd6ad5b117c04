import * as z from 'zod';
import { countOrShare } from './count-or-share.ts';

const character = (what: string) =>
  z
    .string()
    .regex(/^[\t\x20-\x7e]$/, `takes one ASCII character as ${what}`)
    .optional();

/** How an object is read as a table. `profile` and `parquet` have the same options, and so read the same table. */
export const readOptions = {
  /** The format of the content, if its beginning, its name and its content type don't show it. */
  format: z.enum(['csv', 'tsv', 'json', 'jsonl', 'parquet']).optional(),
  /** A label of the WHATWG Encoding Standard, such as `windows-1252`, `shift_jis` or `utf-16le`. */
  encoding: z
    .string()
    .refine((label) => isEncoding(label), 'takes an encoding such as utf-8, utf-16le, windows-1252 or shift_jis')
    .optional(),
  delimiter: character('the delimiter').refine((one) => one !== '"', 'is what quotes fields'),
  /** The character that quotes fields; an empty text turns quoting off. */
  quote: z.union([z.literal(''), z.string().regex(/^[\x21-\x7e]$/, 'takes one ASCII character, or none')]).optional(),
  /** Whether the first row contains the names of the columns. */
  header: z.boolean().optional(),
  /** Lines before the table. */
  skipRows: z.int().min(0).max(100_000).optional(),
  /** Lines that begin with this character are left out. */
  comment: character('the beginning of a comment'),
  /** Texts that mean "no value", in addition to the empty field. */
  nullValues: z.array(z.string().max(100)).max(50).default([]),
  /**
   * The format of dates and times for strptime, such as `%d/%m/%Y`. The default is ISO 8601, and others if they are
   * unambiguous.
   */
  dateFormat: z.string().min(2).max(50).optional(),
  timestampFormat: z.string().min(2).max(50).optional(),
  /** The character before the fraction of a number. */
  decimal: z.enum(['.', ',']).optional(),
  /** Whether a row with fewer fields than columns is padded; otherwise it is a bad row. */
  padShortRows: z.boolean().default(false),
  /** Types of columns by name. A row is bad if a value does not fit or would be rounded. */
  types: z
    .record(
      z.string().min(1).max(500),
      z
        .string()
        .regex(
          /^(BOOLEAN|SMALLINT|INTEGER|BIGINT|HUGEINT|REAL|DOUBLE|DECIMAL\(\d{1,2}, ?\d{1,2}\)|DATE|TIME|TIMESTAMP|TIMESTAMPTZ|UUID|VARCHAR)$/,
          'takes BOOLEAN, SMALLINT, INTEGER, BIGINT, HUGEINT, REAL, DOUBLE, DECIMAL(p,s), DATE, TIME, TIMESTAMP, TIMESTAMPTZ, UUID or VARCHAR',
        ),
    )
    .default({}),
  /**
   * The limit for bad rows: a number, or a share such as `"5%"`. The default is 10 %, at least 10, and never more than
   * there are good rows.
   */
  maxBadRows: countOrShare('rows').optional(),
  /** The limit for the unpacked input, in addition to the free space on the disk. */
  maxInputMiB: z.int().min(1).optional(),
};

const schema = z.object(readOptions);
export type ReadOptions = z.output<typeof schema>;

function isEncoding(label: string): boolean {
  try {
    return new TextDecoder(label).encoding.length > 0;
  } catch {
    return false;
  }
}
