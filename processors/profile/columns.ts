/** Column names beyond this are counted no further, so that an object with ids as keys doesn't fill the memory. */
const MAX_COLUMNS = 10_000;
/** Names that the result lists, each cut at 200 characters, so that it stays small. */
const MAX_LISTED = 200;
const MAX_NAME = 200;

/** Collects the distinct column names of records, in the order of their first appearance, within bounds. */
export class Columns {
  readonly #names = new Set<string>();

  add(name: string): void {
    if (this.#names.size < MAX_COLUMNS) this.#names.add(name);
  }

  get count(): number {
    return this.#names.size;
  }

  listed(): string[] {
    return [...this.#names].slice(0, MAX_LISTED).map((name) => name.slice(0, MAX_NAME));
  }
}
