/** An entry of a list that no schema has checked yet, or the problem with it; and its place in the list. */
export type ListEntry =
  | { readonly where: string; readonly value: unknown }
  | { readonly where: string; readonly problem: string };

/** Reads the entries of one format from the lines of a list. */
export type ReadEntries = (lines: AsyncIterable<readonly string[]>) => AsyncGenerator<ListEntry>;
