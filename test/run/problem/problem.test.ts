import { describe, expect, it } from 'vitest';
import { problemOf } from '#run/problem/problem.ts';
import { problemSchema } from '#run/problem/problem-schema.ts';
import { ProofFailedError, SourceRefusedError } from '#transfer/index.ts';

describe('a problem', () => {
  it('a problem of our own error says what happened, what to do, and where to read more', () => {
    const error = new SourceRefusedError(404, 'http://a.example/x');
    const problem = problemOf(error, { instance: 'runs/night/failures/i.json', run: 'night', item: 'i' });
    expect(problemSchema.parse(problem)).toEqual({
      type: 'docs/errors.md#source-refused',
      code: 'source-refused',
      title: 'The source refuses the request',
      detail: error.message,
      instance: 'runs/night/failures/i.json',
      mend: expect.stringContaining('open the URL yourself'),
      allowedBy: 'never',
      error: 'SourceRefusedError',
      logs: 'npx sluice logs night i',
    });
  });

  it('a problem has the same code if only name and message are known, as from Step Functions', () => {
    const error = new SourceRefusedError(404, 'http://a.example/x');
    expect(problemOf({ name: error.name, message: error.message })).toEqual(problemOf(error));
  });

  it('a problem has the number of received and expected bytes', () => {
    const problem = problemOf(new ProofFailedError('http://a.example/x', 'expect.bytes', 100, 60));
    expect(problem).toMatchObject({ code: 'proof-failed', bytes: { got: 60, expected: 100 }, allowedBy: 'never' });
  });

  it('a problem names the setting that would permit it', () => {
    const problem = problemOf({ name: 'TooLargeError', message: 'holds 5 bytes, and 4 are allowed' });
    expect(problem.allowedBy).toContain('limits.sourceGiB');
  });

  it('a problem has the run and the item in the commands of what to do', () => {
    const problem = problemOf(new TypeError('x is not a function'), {
      fallback: 'processor-failed',
      run: 'r',
      item: 'i',
    });
    expect(problem.mend).toContain('"npx sluice retry r"');
    expect(problem.detail).toBe('TypeError: x is not a function');
  });

  it.each([
    ['a text', 'broken'],
    ['nothing', undefined],
    ['an object without a name', {}],
    ['an error whose code is a number', Object.assign(new Error('x'), { code: 7 })],
    ['an error with bytes that are none', Object.assign(new Error('x'), { bytes: { got: -1, expected: 'many' } })],
  ])('a problem is made of %s, too', (_, thrown) => {
    expect(problemSchema.parse(problemOf(thrown))).toMatchObject({ code: 'unexpected' });
  });

  it('a problem gets the code of Node or the system if the name is unknown', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    expect(problemOf(full)).toMatchObject({ code: 'disk-full' });
  });
});
