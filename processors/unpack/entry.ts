/** An entry of an archive. */
export interface Entry {
  /** The name in the archive, with slashes between folders. */
  readonly name: string;
  /** Why the entry is not a file to unpack, such as `a symbolic link`; undefined for a file. */
  readonly otherKind: string | undefined;
  /** Why the bytes can't be read, if this is known before they are read. */
  readonly problem?: Error | undefined;
  /** The file's bytes, checked against what the archive states about them. Read them once, before the next entry. */
  open(): AsyncIterable<Buffer>;
}

/** An archive that is being read. */
export interface Archive {
  /** `gzip` and `zstd` are one compressed file. */
  readonly format: 'zip' | 'tar' | 'gzip' | 'zstd';
  readonly entries: AsyncIterable<Entry>;
  /** Whether all entries are known before the first one is opened. Then they can be listed, and opened in any order. */
  readonly isKnown: boolean;
  close(): void;
}
