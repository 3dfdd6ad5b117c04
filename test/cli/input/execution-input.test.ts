import { describe, expect, it } from 'vitest';
import { executionInput } from '#cli/input/execution-input.ts';

describe('executionInput', () => {
  it('executionInput adds URLs to the sources of a file, and options override the file', () => {
    const base = JSON.stringify({
      sources: [{ url: 'https://a.example/1', key: 'one' }],
      process: null,
      timeZone: 'Europe/Berlin',
    });
    expect(
      executionInput({ base, sources: [{ url: 'https://b.example/2' }], process: 'profile', onLate: 'fail' }),
    ).toEqual({
      sources: [{ url: 'https://a.example/1', key: 'one' }, { url: 'https://b.example/2' }],
      process: 'profile',
      onLate: 'fail',
      timeZone: 'Europe/Berlin',
    });
  });

  it('executionInput is empty without arguments, because the deployment has a default input', () => {
    expect(executionInput({ sources: [] })).toEqual({});
  });

  it.each([
    ['a URL that is none', { sources: [{ url: 'nonsense' }] }, 'sources[0].url: takes an absolute URL'],
    ['another scheme', { sources: [{ url: 'ftp://a.example/1' }] }, 'sources[0].url: takes an http or https URL'],
    [
      'an unknown processor',
      { sources: [{ url: 'https://a.example/1' }], process: 'nope' },
      'process: there is no processor "nope" here',
    ],
    [
      'a name that no processor can have',
      { sources: [{ url: 'https://a.example/1' }], process: 'No!' },
      'process: takes the name of a processor',
    ],
    ['an unknown word for late', { sources: [], onLate: 'never' }, 'onLate:'],
    [
      'a template that is none',
      { sources: [{ url: 'https://a.example/{day}' }] },
      'sources[0].url: takes the template fields',
    ],
    ['a file that is no JSON', { sources: [], base: '{' }, 'input: is not JSON'],
    ['a file that is no object', { sources: [], base: '[]' }, 'input: takes a JSON object'],
  ])('executionInput refuses %s', (_, options, message) => {
    expect(() => executionInput(options)).toThrow(message);
  });

  it('executionInput reports an unknown processor together with a wrong URL', () => {
    const refused = () => executionInput({ sources: [{ url: 'foo' }], process: 'nope' });
    expect(refused).toThrow(
      /sources\[0\]\.url: takes an absolute URL, got "foo"[\s\S]*process: there is no processor "nope" here/,
    );
  });
});
