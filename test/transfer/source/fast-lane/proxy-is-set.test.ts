import { expect, it } from 'vitest';
import { proxyIsSet } from '#transfer/source/fast-lane/proxy-is-set.ts';

const PROXY = 'http://proxy.example:3128';

it.each<[string, Record<string, string>, boolean]>([
  ['https://data.example.org/x', {}, false],
  ['https://data.example.org/x', { HTTPS_PROXY: PROXY }, true],
  ['https://data.example.org/x', { https_proxy: PROXY }, true],
  ['https://data.example.org/x', { https_proxy: '' }, false],
  ['https://data.example.org/x', { HTTP_PROXY: PROXY }, false],
  ['http://data.example.org/x', { HTTP_PROXY: PROXY }, true],
  ['http://data.example.org/x', { ALL_PROXY: PROXY }, true],
  ['http://data.example.org/x', { http_proxy: PROXY, NO_PROXY: 'example.org' }, false],
  ['http://data.example.org/x', { http_proxy: PROXY, no_proxy: 'other.test, .example.org' }, false],
  ['http://data.example.org/x', { http_proxy: PROXY, no_proxy: '*.example.org' }, false],
  ['http://badexample.org/x', { http_proxy: PROXY, no_proxy: 'example.org' }, true],
  ['http://data.example.org/x', { http_proxy: PROXY, no_proxy: '*' }, false],
  ['http://127.0.0.1:8080/x', { http_proxy: PROXY, no_proxy: '127.0.0.1:8080' }, false],
])('%s with %o: %s', (url, environment, expected) => {
  expect(proxyIsSet(new URL(url), environment)).toBe(expected);
});
