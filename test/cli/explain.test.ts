import { describe, expect, it } from 'vitest';
import { exitCodeOf } from '#cli/exit-code.ts';
import { explain } from '#cli/explain.ts';

const systemError = (code: string, more: object = {}) =>
  Object.assign(new Error(`${code}: raw words, write`), { code, ...more });
const awsError = (name: string, message: string) => Object.assign(new Error(message), { name });

describe('the problem that a person sees for an error', () => {
  it.each([
    ['a full disk', systemError('ENOSPC', { path: '/nonexistent/out/a.csv' }), 'disk-full', '/nonexistent/out/a.csv'],
    [
      'a full disk in the words of a child process',
      new Error('OSError: [Errno 28] No space left on device'),
      'disk-full',
      'the disk is full',
    ],
    [
      'a file that is not there',
      systemError('ENOENT', { path: 'list.txt' }),
      'no-such-file',
      'list.txt: there is no such file',
    ],
    [
      'a server that is not there',
      systemError('ECONNREFUSED', { address: '127.0.0.1', port: 9 }),
      'no-answer',
      'nothing answers at 127.0.0.1:9',
    ],
    ['a host that nobody knows', systemError('ENOTFOUND', { hostname: 'a.example' }), 'unknown-host', 'a.example'],
    [
      'a certificate that nobody known has signed',
      Object.assign(new Error('self-signed certificate; if the root CA is installed locally, raw words'), {
        code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      }),
      'untrusted-certificate',
      'the certificate of the endpoint is not trusted: self-signed certificate',
    ],
    [
      'several addresses that gave no answer',
      new AggregateError([systemError('ECONNREFUSED', { address: '::1', port: 9 })]),
      'no-answer',
      '::1:9',
    ],
    ['a missing region', new Error('Region is missing'), 'no-region', 'there is no AWS region'],
    [
      'a permission that is missing',
      awsError('AccessDeniedException', 'x may not perform: states:StartExecution'),
      'access-denied',
      'states:StartExecution',
    ],
    ['too many requests', awsError('ThrottlingException', 'Rate exceeded'), 'throttled', 'AWS asks for fewer requests'],
    ['an error that nobody foresaw', new RangeError('odd'), 'unexpected', 'RangeError: odd'],
  ])('the command line has a code and its own message for %s', (_, error, code, words) => {
    const problem = explain(error);
    expect(problem).toMatchObject({ code, detail: expect.stringContaining(words) });
    expect(problem.detail).not.toContain('raw words');
    expect(problem.mend).not.toBe('');
  });

  it('a command ends with 2 if the person has to change something, and otherwise with 1', () => {
    expect([explain(new Error('Region is missing')), explain(systemError('ENOSPC'))].map(exitCodeOf)).toEqual([2, 1]);
  });
});
