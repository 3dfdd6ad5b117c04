/** A row that isn't in the Parquet files: a line of `rejects.jsonl`. */
export interface Reject {
  /** Counted from 1 in the unpacked input; null if a value doesn't fit the type of its column. */
  readonly line: number | null;
  readonly reason: string;
  /** The row, or its beginning. */
  readonly text: string;
}

/** The most characters of a row, so that the sample stays small whatever the rows are. */
const MAX_TEXT = 2_000;

/** Counts the rows that are left out, and stores the first of them. */
export class Rejects {
  readonly #limit: number;
  readonly #sample: Reject[] = [];
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get count(): number {
    return this.#count;
  }

  get sample(): readonly Reject[] {
    return this.#sample;
  }

  /** How many more rows are stored. */
  get room(): number {
    return this.#limit - this.#sample.length;
  }

  add(line: number, reason: string, row: Buffer): void {
    this.#count++;
    if (this.room > 0) this.#sample.push({ line, reason, text: beginningOf(row.subarray(0, MAX_TEXT * 4).toString()) });
  }

  /** Adds rows by their number and the first ones. */
  addAll(count: number, first: readonly { readonly reason: string; readonly text: string }[]): void {
    this.#count += count;
    for (const { reason, text } of first.slice(0, Math.max(this.room, 0))) {
      this.#sample.push({ line: null, reason, text: beginningOf(text) });
    }
  }
}

function beginningOf(text: string): string {
  return text.slice(0, MAX_TEXT).toWellFormed();
}
