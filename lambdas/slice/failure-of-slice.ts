import { shortText } from '#net/short-text.ts';

/**
 * With its quotes escaped twice, and with its name, the text stays under a KiB: a batch has about 70 slices by default.
 */
const MOST_CHARACTERS = 500;

/**
 * A slice's error for the state machine. All slices of a batch may fail, and their errors are then together in one
 * state. Step Functions ends an execution whose state exceeds 256 KiB, by an error that nothing catches. So the error
 * has no stack and a limited length. The log contains all of it.
 */
export function failureOfSlice(error: unknown): Error {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const short = new Error(shortText(message, MOST_CHARACTERS));
  short.name = name;
  short.stack = '';
  return short;
}
