import { keyProblem } from '../input/key-problem.ts';
import { TABLES_PREFIX } from '../keys.ts';

/** Where the outputs of a processor are published, and what happens to the outputs of earlier runs there. */
export interface Destination {
  /** A prefix below `tables/` that ends in a slash. */
  readonly to: string;
  readonly mode: 'replace' | 'append';
}

/** The item that the outputs belong to. */
export interface PublishedItem {
  readonly runId: string;
  readonly item: string;
  /** The name by which a person knows the item: a key, or the work's name. */
  readonly name: string;
}

/**
 * These outputs are not published: bad rows, and what `unpack` lists and unpacks for another processor. A reader of the
 * folder would take them for part of the table.
 */
const KEPT_WITH_THE_RUN = /(^|\/)rejects\.jsonl$|^entries\.jsonl$|^objects\//;
const MAX_STEM = 100;

/** Returns why a prefix can't be a destination, or undefined for a valid one. */
export function destinationProblem(to: string): string | undefined {
  if (!to.startsWith(TABLES_PREFIX) || !to.endsWith('/') || to.length === TABLES_PREFIX.length) {
    return `takes a prefix below ${TABLES_PREFIX} that ends in a slash, such as ${TABLES_PREFIX}trips/`;
  }
  return keyProblem(`${to}name`);
}

/**
 * Returns the key for an output, or undefined for an output that is not published. The names of two items differ, so
 * many items can share a folder. In mode `replace`, the names are the same in every run; in mode `append`, they contain
 * the run's id.
 *
 * Folders of partitions are kept: `data/city=Bonn/data_0.parquet` becomes
 * `tables/trips/city=Bonn/2024-5f0c2a11-data_0.parquet`.
 */
export function publishedKey({ to, mode }: Destination, about: PublishedItem, output: string): string | undefined {
  if (KEPT_WITH_THE_RUN.test(output)) return undefined;
  const folders = output.replace(/^data\//, '').split('/');
  const file = folders.pop() ?? output;
  const label = [stemOf(about.name), about.item.slice(0, 8), ...(mode === 'append' ? [about.runId] : []), file];
  return `${to}${folders.map((folder) => `${folder}/`).join('')}${label.join('-')}`;
}

/** The key of the record of an item's published outputs, in a folder that Athena, Hive and Spark ignore. */
export function publicationKey({ to, mode }: Destination, { runId, item }: PublishedItem): string {
  return `${to}_sluice/${item}${mode === 'append' ? `-${runId}` : ''}.json`;
}

/** The name of a file without folders and endings, in characters that are safe in every tool. */
export function stemOf(name: string): string {
  const base = name.slice(name.lastIndexOf('/') + 1);
  const stem = base.replace(/(?<=.)(\.[0-9A-Za-z]{1,8}){1,2}$/, '').replaceAll(/[^0-9A-Za-z_.-]+/g, '_');
  return stem.slice(0, MAX_STEM) || 'item';
}
