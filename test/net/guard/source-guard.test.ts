import { expect, it } from 'vitest';
import { SourceForbiddenError } from '#net/errors.ts';
import { SourceGuard, SourceRuleError } from '#net/guard/source-guard.ts';

const check = (guard: SourceGuard, url: string) => () => guard.checkUrl(new URL(url));

it.each([
  'http://127.0.0.1/',
  'http://2130706433/',
  'http://0x7f000001/',
  'http://0177.0.0.1/',
  'http://127.1/',
  'http://0/',
  'http://0xa9.254.0251.254/',
  'http://[::1]/',
  'http://[::ffff:169.254.169.254]/latest/meta-data/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[64:ff9b::169.254.170.2]/',
  'http://[fd00:ec2::254]/',
  'http://①②⑦.0.0.1/',
  'http://127。0。0。1/',
  'http://127.0.0.1./',
])('the guard refuses %s without a DNS lookup', (url) => {
  expect(check(new SourceGuard(), url)).toThrow(SourceForbiddenError);
});

it('the guard matches whole host names with patterns, and denied hosts win', () => {
  const guard = new SourceGuard({
    allowedHosts: ['data.example.org', '*.example.com'],
    deniedHosts: ['bad.example.com'],
  });
  for (const url of [
    'https://data.example.org/x',
    'https://DATA.EXAMPLE.ORG./x',
    'https://a.example.com',
    'https://a.b.example.com',
  ]) {
    expect(check(guard, url), url).not.toThrow();
  }
  for (const url of [
    'https://example.org',
    'https://x.data.example.org',
    'https://data.example.org.evil.net',
    'https://evildata.example.org',
    'https://example.com',
    'https://badexample.com',
    'https://a.example.com.evil.net',
    'https://bad.example.com',
    'https://bad.example.com.',
    'https://a.example.com@evil.net/',
  ]) {
    expect(check(guard, url), url).toThrow(SourceForbiddenError);
  }
});

it('the guard accepts names as URLs spell them: Unicode as Punycode, IPv6 with or without brackets', () => {
  const guard = new SourceGuard({ allowedHosts: ['Bücher.example', '2606:4700::1', '[2606:4700::2]'] });
  expect(check(guard, 'https://bücher.example/')).not.toThrow();
  expect(check(guard, 'https://xn--bcher-kva.example/')).not.toThrow();
  expect(check(guard, 'https://[2606:4700:0::1]/')).not.toThrow();
  expect(check(guard, 'https://[2606:4700::2]/')).not.toThrow();
});

it('the guard accepts ports, also the default port of the scheme', () => {
  const guard = new SourceGuard({ ports: [443, 8443] });
  expect(check(guard, 'https://example.org/')).not.toThrow();
  expect(check(guard, 'http://example.org:8443/')).not.toThrow();
  expect(check(guard, 'http://example.org/')).toThrow(/port 80/);
  expect(check(guard, 'https://example.org:25/')).toThrow(/port 25/);
});

it.each([
  '',
  '*',
  '*.',
  'a b',
  'http://example.org',
  'example.org/path',
  'example.org:80',
  'user@example.org',
  'a.*.org',
])('the guard refuses %j as a host', (host) => {
  expect(() => new SourceGuard({ deniedHosts: [host] })).toThrow(SourceRuleError);
});

it.each(['10.0.0.0', '10.0.0.0:80', '10.0.0.0/8:', '10.0.0.0/8:0', '10.0.0.0/8:65536', '10.0.0.0/8:80:80', '::1:80'])(
  'the guard refuses %j as a range',
  (range) => {
    expect(() => new SourceGuard({ openRanges: [range] })).toThrow(SourceRuleError);
  },
);

it('a range with a port is opened only on that port', async () => {
  const guard = new SourceGuard({ openRanges: ['127.0.0.1/32:8080', '::1/128:8443'] }, async () => [
    { address: '127.0.0.1', family: 4 },
  ]);
  expect(check(guard, 'http://127.0.0.1:8080/')).not.toThrow();
  expect(check(guard, 'http://127.0.0.1:8081/')).toThrow(/loopback, and no range is opened for it on port 8081/);
  expect(check(guard, 'http://127.0.0.2:8080/')).toThrow(/loopback/);
  expect(check(guard, 'https://[::1]:8443/')).not.toThrow();
  expect(check(guard, 'https://[::1]/')).toThrow(/on port 443/);
  await expect(guard.resolve('mine.example', 8_080)).resolves.toHaveLength(1);
  await expect(guard.resolve('mine.example', 4_566)).rejects.toThrow(/mine.example is at 127.0.0.1.*on port 4566/);
});

it('the guard refuses a name with several addresses if one of them is forbidden', async () => {
  const guard = new SourceGuard({}, async () => [
    { address: '93.184.216.34', family: 4 },
    { address: '10.0.0.7', family: 4 },
  ]);
  await expect(guard.resolve('example.org', 443)).rejects.toThrow(/example.org is at 10.0.0.7.*private/);
});

it('the message of the guard contains no secret of the URL', () => {
  const guard = new SourceGuard({ ports: [443] });
  const message = (() => {
    try {
      guard.checkUrl(new URL('http://user:hunter2@example.org/x?token=hunter2#hunter2'));
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  })();
  expect(message).toContain('example.org');
  expect(message).not.toContain('hunter2');
});
