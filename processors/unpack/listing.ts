import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Json } from '../contract/processor.ts';
import type { Processed } from './process-object.ts';
import type { Skipped } from './wanted.ts';

/** The result lists objects up to this many bytes; `entries.jsonl` lists all. */
const MAX_LISTED_BYTES = 131_072;
const MAX_SKIPPED_SEEN = 20;
const MAX_REASON = 500;

/** An object that was made from a file of the archive. */
export type UnpackedEntry = {
  /** The name in the archive, with folders. */
  name: string;
  key: string;
  bytes: number;
  /** Why its processor failed; missing if it did not fail. */
  failed?: string;
};

/** Collects the outcome of each file: all of them in `entries.jsonl`, the first ones in the result. */
export class Listing {
  readonly #output: Writable;
  readonly #entries: UnpackedEntry[] = [];
  readonly #skipped: Skipped[] = [];
  readonly #failures: string[] = [];
  readonly #lines: string[] = [];
  #listedBytes = 0;
  unpacked = 0;
  skipped = 0;
  failed = 0;

  /** @param output receives the lines of `entries.jsonl`. */
  constructor(output: Writable) {
    this.#output = output;
  }

  get first(): { entries: UnpackedEntry[]; entriesCut: boolean; skippedSeen: Skipped[] } {
    return {
      entries: this.#entries,
      entriesCut: this.#entries.length < this.unpacked,
      skippedSeen: this.#skipped,
    };
  }

  /** The first failures of objects, with their names. */
  get failures(): readonly string[] {
    return this.#failures;
  }

  skip({ name, reason }: Skipped): void {
    this.skipped++;
    if (this.#skipped.length < MAX_SKIPPED_SEEN) this.#skipped.push({ name: name.slice(0, MAX_REASON), reason });
    this.#lines.push(`${JSON.stringify({ name, skipped: reason })}\n`);
  }

  /** @param processed undefined if the objects have no processor. */
  async add(entry: { name: string; key: string; bytes: number }, processed: Processed | undefined): Promise<void> {
    this.unpacked++;
    let listed: UnpackedEntry = entry;
    if (processed !== undefined && 'error' in processed) {
      this.failed++;
      const failed = `${processed.error.name}: ${processed.error.message}`.slice(0, MAX_REASON);
      listed = { ...entry, failed };
      if (this.#failures.length < 3) this.#failures.push(`${entry.name}: ${failed}`);
    }
    this.#listedBytes += Buffer.byteLength(JSON.stringify(listed)) + 1;
    if (this.#listedBytes <= MAX_LISTED_BYTES) this.#entries.push(listed);
    this.#lines.push(`${JSON.stringify({ ...entry, ...(processed satisfies Json | undefined) })}\n`);
    await this.#flush();
  }

  async end(): Promise<void> {
    await this.#flush();
    this.#output.end();
    await finished(this.#output);
  }

  async #flush(): Promise<void> {
    const text = this.#lines.splice(0).join('');
    if (text !== '' && !this.#output.write(text)) await once(this.#output, 'drain');
  }
}
