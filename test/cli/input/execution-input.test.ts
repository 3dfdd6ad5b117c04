import { describe, expect, it } from 'vitest';
import { executionInput } from '#cli/input/execution-input.ts';

describe('executionInput', () => {
  it('adds URLs to the sources of a file, and options win', () => {
    const base = JSON.stringify({
      sources: [{ url: 'https://a.example/1', key: 'one' }],
      process: null,
      timeZone: 'Europe/Berlin',
    });
    expect(executionInput({ base, urls: ['https://b.example/2'], process: 'profile', onLate: 'fail' })).toEqual({
      sources: [{ url: 'https://a.example/1', key: 'one' }, { url: 'https://b.example/2' }],
      process: 'profile',
      onLate: 'fail',
      timeZone: 'Europe/Berlin',
    });
  });

  it('is empty where nothing is given: the deployment has a default input', () => {
    expect(executionInput({ urls: [] })).toEqual({});
  });

  it.each([
    ['a URL that is none', { urls: ['nonsense'] }, 'sources[0].url: takes an absolute URL'],
    ['another scheme', { urls: ['ftp://a.example/1'] }, 'sources[0].url: takes an http or https URL'],
    ['an unknown processor', { urls: ['https://a.example/1'], process: 'nope' }, 'process: takes one of'],
    ['an unknown word for late', { urls: [], onLate: 'never' }, 'onLate:'],
    ['a template that is none', { urls: ['https://a.example/{day}'] }, 'sources[0].url: takes the template fields'],
    ['a file that is no JSON', { urls: [], base: '{' }, 'input: is not JSON'],
    ['a file that is no object', { urls: [], base: '[]' }, 'input: takes a JSON object'],
  ])('refuses %s', (_, options, message) => {
    expect(() => executionInput(options)).toThrow(message);
  });
});
