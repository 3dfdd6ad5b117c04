import { expect, it } from 'vitest';
import { loopbackRanges } from '#local/loopback-ranges.ts';

it.each([
  ['http://127.0.0.1:8080/a', ['127.0.0.1/32:8080']],
  ['http://127.1.2.3/', ['127.1.2.3/32:80']],
  ['http://2130706433:8000/', ['127.0.0.1/32:8000']],
  ['https://localhost/', ['127.0.0.1/32:443', '::1/128:443']],
  ['http://data.localhost.:3000/', ['127.0.0.1/32:3000', '::1/128:3000']],
  ['http://[::1]:9000/', ['::1/128:9000']],
  ['https://example.org:8443/', []],
  ['https://127.0.0.1.example/', []],
  ['http://10.0.0.7/', []],
])('the local run opens these loopback ranges for %s: %j', (url, ranges) => {
  expect(loopbackRanges([url])).toEqual(ranges);
});

it('the local run opens each loopback range once', () => {
  expect(loopbackRanges(['http://127.0.0.1:1/a', 'http://127.0.0.1:1/b'])).toEqual(['127.0.0.1/32:1']);
});
