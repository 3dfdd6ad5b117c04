import { shortText } from '#net/short-text.ts';

/** With its quotes escaped twice and beside its name it stays under a KiB: a batch has about 70 slices by default. */
const MOST_CHARACTERS = 500;

/**
 * A slice's error as the state machine gets it. All slices of a batch may fail, and their errors then stand together in one
 * state, which Step Functions ends beyond 256 KiB by an error that nothing catches: so without a stack, and not longer than
 * a sentence. The log has all of it.
 */
export function failureOfSlice(error: unknown): Error {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const short = new Error(shortText(message, MOST_CHARACTERS));
  short.name = name;
  short.stack = '';
  return short;
}
