/** An entry of a list, whose shape nothing has looked at yet, or what is wrong with it; and where it stands. */
export type ListEntry =
  | { readonly where: string; readonly value: unknown }
  | { readonly where: string; readonly problem: string };

/** Reads the entries of one format from the lines of a list. */
export type ReadEntries = (lines: AsyncIterable<readonly string[]>) => AsyncGenerator<ListEntry>;
