import { MalformedInputError } from './malformed-input-error.ts';

/** A row is held as a list of its fields, so their number is bounded. A choice, far above the 16,384 columns of Excel. */
const MAX_COLUMNS = 1_000_000;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/**
 * The same bytes, as long as no line has more than a million delimiters: csv-parse's own limit on a record leaves them out, so
 * that a file of commas alone would take all memory.
 *
 * @throws MalformedInputError
 */
export async function* boundedRows(source: AsyncGenerator<Buffer>, delimiter: string): AsyncGenerator<Buffer> {
  const wanted = delimiter.charCodeAt(0);
  let delimiters = 0;
  for await (const chunk of source) {
    const end = Math.max(chunk.lastIndexOf(NEWLINE), chunk.lastIndexOf(RETURN));
    if (end >= 0) delimiters = 0;
    // Only what is behind the last line of the chunk counts: a whole line within a chunk has no million of them.
    for (let at = chunk.indexOf(wanted, end + 1); at >= 0; at = chunk.indexOf(wanted, at + 1)) delimiters += 1;
    if (delimiters > MAX_COLUMNS) {
      throw new MalformedInputError(`a row of the table has more than ${MAX_COLUMNS.toLocaleString('en')} columns`);
    }
    yield chunk;
  }
}
