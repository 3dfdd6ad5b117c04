/**
 * A failure that no further try can mend: malformed input, a page that is gone, options that contradict each other.
 *
 * A processor throws it (or a subclass with a `name` of its own) to have the item fail at once. Anything else that it
 * throws is tried again, with a growing pause, until the item's attempts are used up.
 */
export class PermanentError extends Error {
  override readonly name: string = 'PermanentError';
}
