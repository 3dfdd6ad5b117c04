import { describe, expect, it } from 'vitest';
import { messageOfCause, problemOfExecution } from '#run/problem/problem-of-execution.ts';

describe('messageOfCause', () => {
  it.each([
    ['plain words', 'plain words'],
    ['{"errorMessage":"from a Lambda"}', 'from a Lambda'],
    ['{"errorMessage":7}', '{"errorMessage":7}'],
    ['{"other":1}', '{"other":1}'],
    ['null', 'null'],
  ])('messageOfCause reads the message of %s', (cause, expected) => {
    expect(messageOfCause(cause)).toBe(expected);
  });
});

describe('problemOfExecution', () => {
  it.each([
    [{ status: 'ABORTED' }, 'the execution of run r1 ended ABORTED'],
    [{ status: 'FAILED', error: 'Lambda.Unknown', cause: '{"errorMessage":"it broke"}' }, 'it broke'],
  ])('problemOfExecution of %o says %s', (execution, expected) => {
    expect(problemOfExecution('r1', execution).detail).toContain(expected);
  });
});
