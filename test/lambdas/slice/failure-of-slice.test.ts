import { expect, it } from 'vitest';
import { failureOfSlice } from '#lambdas/slice/failure-of-slice.ts';
import { slicesPerBatch } from '#stepfunctions/history.ts';
import { SourceUnavailableError } from '#transfer/index.ts';

/** The limit of Step Functions for the data between two states. */
const MOST_STATE_BYTES = 262_144;

/** As Lambda hands an error to Step Functions, and that to its Catch. */
function caught(error: Error) {
  const { name, message, stack = '' } = error;
  const Cause = JSON.stringify({ errorType: name, errorMessage: message, trace: stack.split('\n') });
  return { Error: name, Cause };
}

it('the failure of a slice keeps the name, and as much of the message as fits into a state if all slices fail', () => {
  // What a source might have it quote: each character is escaped, and escaped again.
  const hostile = new SourceUnavailableError(`it answered ${'"'.repeat(60_000)}`, { cause: new Error('a fault') });
  const short = failureOfSlice(hostile);
  expect(short).toMatchObject({ name: 'SourceUnavailableError', message: expect.stringMatching(/^it answered "/) });
  const slices = slicesPerBatch({ openCalls: 20, sliceCalls: 20 });
  const failed = Array.from({ length: slices }, (_, slice) => ({ slice, done: false, error: caught(short) }));
  expect(slices).toBeGreaterThan(50);
  expect(JSON.stringify(failed).length).toBeLessThan(MOST_STATE_BYTES);
});

it('the failure of a slice keeps a short message unchanged', () => {
  const usual = new SourceUnavailableError('https://example.org/a.csv failed 6 times in a row: reset');
  expect(failureOfSlice(usual).message).toBe(usual.message);
  expect(failureOfSlice('a text')).toMatchObject({ name: 'Error', message: 'a text' });
});
