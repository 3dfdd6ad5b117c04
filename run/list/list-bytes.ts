/**
 * The bytes of a list of sources. Each `read` returns the same bytes, so that two passes over a list read the same
 * version.
 */
export interface ListBytes extends AsyncDisposable {
  /** The name of the list in errors. */
  readonly name: string;
  /** The last part of its key or path. Its ending shows the format. */
  readonly fileName: string;
  /** The content type that a server states. */
  readonly contentType?: string | undefined;
  /** @throws SourceListError if the list can't be read. */
  read(): Promise<AsyncIterable<Uint8Array>>;
}
