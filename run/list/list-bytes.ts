/** Where a list of sources lies. Each `read` gives the same bytes, so that two passes over a list see one version. */
export interface ListBytes extends AsyncDisposable {
  /** As errors call it. */
  readonly name: string;
  /** The last part of its key or path, whose ending says what format it has. */
  readonly fileName: string;
  /** What a server says of its type. */
  readonly contentType?: string | undefined;
  /** @throws SourceListError where it can't be had. */
  read(): Promise<AsyncIterable<Uint8Array>>;
}
