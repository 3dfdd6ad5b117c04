/**
 * A failure against which no further attempt helps: malformed input, a page that does not exist, options that
 * contradict each other.
 *
 * If a processor throws this class (or a subclass with a `name` of its own), the item fails at once. After any other
 * error the item is tried again, with a growing pause, until its attempts are used up.
 */
export class PermanentError extends Error {
  /** The name of the class: the record of the failure contains it. */
  override readonly name: string = 'PermanentError';
}
