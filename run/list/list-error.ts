/** A list of sources can't be read: it does not exist, is incomplete, or is not text. The message names the list. */
export class SourceListError extends Error {
  override readonly name = 'SourceListError';
}
