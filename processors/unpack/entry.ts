/** What stands in an archive under a name. */
export interface Entry {
  /** As the archive has it, with slashes between folders. */
  readonly name: string;
  /** Why it is no file to unpack, such as `a symbolic link`; undefined for a file. */
  readonly otherKind: string | undefined;
  /** Why the bytes can't be read, known beforehand; undefined where nothing is known to be wrong. */
  readonly problem?: Error | undefined;
  /** The file's bytes, which are checked by what the archive says of them. To be read once, before the next entry. */
  open(): AsyncIterable<Buffer>;
}

/** An archive that is read. */
export interface Archive {
  /** `gzip` and `zstd` are one compressed file. */
  readonly format: 'zip' | 'tar' | 'gzip' | 'zstd';
  readonly entries: AsyncIterable<Entry>;
  /** Whether all entries are known before the first one is opened: they can be listed, and opened in any order. */
  readonly isKnown: boolean;
  close(): void;
}
