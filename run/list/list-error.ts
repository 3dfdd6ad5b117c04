/** A list of sources can't be read: it isn't there, is cut, or is no text. The message names the list. */
export class SourceListError extends Error {
  override readonly name = 'SourceListError';
}
