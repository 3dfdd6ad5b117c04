import * as z from 'zod';
import { problemOf } from '../problem/problem.ts';
import { UnreadableRecordError } from '../store.ts';
import { type ItemLine, type Manifest, manifestSchema, NAMES_IN_MANIFEST } from './manifest.ts';
import { Totals, totalsSchema } from './totals.ts';

const { counts, bytes, done, failed, missing } = manifestSchema.shape;

/** What some of a run's items add to the manifest. */
export const tallySchema = z.object({
  counts: counts.omit({ items: true }),
  bytes,
  done,
  failed,
  missing,
  /** Items that failed or are missing, by their table in lower case. Pieces that an earlier version wrote have none. */
  notLoaded: z.record(z.string(), z.int()).default({}),
  /** Pieces that an earlier version wrote have no totals. */
  totals: totalsSchema.default(() => new Totals()),
});

/** Adds up items, one by one or by whole tallies, in the order in which the manifest names them. */
export class Tally implements z.infer<typeof tallySchema> {
  readonly counts = { done: 0, failed: 0, missing: 0, landed: 0, unchanged: 0, skipped: 0, processed: 0 };
  bytes = 0;
  readonly done: Manifest['done'] = [];
  readonly failed: Manifest['failed'] = [];
  readonly missing: Manifest['missing'] = [];
  readonly notLoaded: Record<string, number> = {};
  readonly totals = new Totals();

  add(line: ItemLine): void {
    const { item, name, status, landed, result, failure } = line;
    this.totals.add(line);
    this.counts[status] += 1;
    if (landed !== undefined) this.counts[landed.status] += 1;
    if (landed?.status === 'landed') this.bytes += landed.bytes;
    if (result !== undefined) this.counts.processed += 1;
    if (line.load !== undefined && status !== 'done') this.#addNotLoaded(line.load.table.toLowerCase(), 1);
    if (this[status].length >= NAMES_IN_MANIFEST) return;
    if (status === 'done') this.done.push({ item, name });
    if (status === 'missing') this.missing.push({ item, name, landed: landed !== undefined });
    if (status === 'failed') {
      const unreadable = new UnreadableRecordError(`the failure record of item ${item} could not be read`);
      const { stage = 'unknown', problem = problemOf(unreadable) } = failure ?? {};
      this.failed.push({ item, name, stage, problem });
    }
  }

  addAll(other: z.infer<typeof tallySchema>): void {
    for (const name of Object.keys(this.counts) as (keyof typeof this.counts)[]) {
      this.counts[name] += other.counts[name];
    }
    this.bytes += other.bytes;
    this.totals.addAll(other.totals);
    for (const [table, count] of Object.entries(other.notLoaded)) this.#addNotLoaded(table, count);
    fill(this.done, other.done);
    fill(this.failed, other.failed);
    fill(this.missing, other.missing);
  }

  /** The name of a table has a dot, so it is never the name of an object's built-in property. */
  #addNotLoaded(table: string, count: number): void {
    this.notLoaded[table] = (this.notLoaded[table] ?? 0) + count;
  }
}

function fill<T>(names: T[], more: readonly T[]): void {
  names.push(...more.slice(0, NAMES_IN_MANIFEST - names.length));
}
