import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type AddressRange, parseRange, sameAddress, whyForbidden } from '#net/guard/address.ts';

const opened = (...cidrs: string[]) => cidrs.map((cidr) => parseRange(cidr) as AddressRange);

it.each([
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['0.0.0.0', 'unspecified'],
  ['0.1.2.3', 'unspecified'],
  ['10.0.0.1', 'private'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.1.1', 'private'],
  ['100.64.0.1', 'carrier-grade NAT'],
  ['100.127.255.255', 'carrier-grade NAT'],
  ['169.254.169.254', 'link-local'],
  ['169.254.170.2', 'link-local'],
  ['169.254.170.23', 'link-local'],
  ['192.0.0.170', 'reserved'],
  ['192.0.2.1', 'documentation'],
  ['198.51.100.1', 'documentation'],
  ['203.0.113.1', 'documentation'],
  ['192.88.99.1', '6to4'],
  ['198.19.255.255', 'benchmarking'],
  ['224.0.0.1', 'multicast'],
  ['239.255.255.255', 'multicast'],
  ['240.0.0.1', 'reserved'],
  ['255.255.255.255', 'broadcast'],
  ['::', 'unspecified'],
  ['::1', 'loopback'],
  ['0:0:0:0:0:0:0:1', 'loopback'],
  ['::7f00:1', 'IPv4-compatible'],
  ['::8.8.8.8', 'IPv4-compatible'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:a9fe:a9fe', 'link-local'],
  ['0:0:0:0:0:ffff:a9fe:aa02', 'link-local'],
  ['64:ff9b::169.254.169.254', 'link-local'],
  ['64:ff9b::a00:1', 'private'],
  ['64:ff9b:1::8.8.8.8', 'local NAT64'],
  ['2002:7f00:1::', '6to4'],
  ['2002:808:808::1', '6to4'],
  ['2001:0:7f00:1::', 'Teredo'],
  ['2001:10::1', 'reserved'],
  ['2001:db8::1', 'documentation'],
  ['3fff::1', 'documentation'],
  ['fc00::1', 'unique-local'],
  ['fdff::1', 'unique-local'],
  ['fd00:ec2::254', 'a metadata service'],
  ['fd00:ec2::23', 'a metadata service'],
  ['fe80::1', 'link-local'],
  ['fe80::1%lo', 'link-local'],
  ['fec0::1', 'site-local'],
  ['ff02::1', 'multicast'],
  ['100::1', 'reserved'],
  ['4000::1', 'reserved'],
  ['::ffff:0:7f00:1', 'reserved'],
  ['2130706433', 'not an IP address'],
  ['0x7f.1', 'not an IP address'],
  ['', 'not an IP address'],
])('the address %s is refused: %s', (address, why) => {
  expect(whyForbidden(address, [])).toBe(why);
});

it.each([
  '8.8.8.8',
  '1.1.1.1',
  '172.32.0.1',
  '100.128.0.1',
  '192.0.1.1',
  '223.255.255.255',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
  '2606:4700::1',
  '2a00:1450:4001::1',
  '2001:200::1',
])('the address %s is accepted', (address) => {
  expect(whyForbidden(address, [])).toBeUndefined();
});

it('the guard accepts addresses in an opened range, in every form of the address, and none outside', () => {
  const open = opened('10.20.0.0/16', 'fd12:3456::/32');
  for (const address of ['10.20.0.1', '::ffff:10.20.255.255', '64:ff9b::10.20.0.1', 'fd12:3456::1']) {
    expect(whyForbidden(address, open), address).toBeUndefined();
  }
  for (const address of ['10.21.0.1', '10.19.255.255', 'fd12:3457::1', '127.0.0.1']) {
    expect(whyForbidden(address, open), address).toBeDefined();
  }
});

it('the guard never opens link-local addresses and the metadata services', () => {
  const open = opened('0.0.0.0/0', '::/0');
  for (const address of [
    '169.254.169.254',
    '169.254.170.2',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    'fe80::1',
    'fd00:ec2::254',
  ]) {
    expect(whyForbidden(address, open), address).toBeDefined();
  }
  expect(whyForbidden('127.0.0.1', open)).toBeUndefined();
});

const seed = Date.now() % 2 ** 31;
it(`the guard gives the same answer for an IPv4 address alone, mapped and behind NAT64 (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const alone = whyForbidden(address, []);
      expect(whyForbidden(`::ffff:${address}`, [])).toBe(alone);
      expect(whyForbidden(`64:ff9b::${address}`, [])).toBe(alone);
    }),
    { seed, numRuns: 500 },
  );
});

it(`the guard accepts no IPv6 address outside the assigned range (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const first = Number.parseInt(address.split(':')[0] || '0', 16);
      const embedded = /^(0*:)*ffff:|^64:ff9b::/i.test(address) || address.includes('.');
      fc.pre(!embedded && (first < 0x20_00 || first > 0x3f_ff));
      if (whyForbidden(address, []) === undefined) expect(address).toMatch(/^(::ffff:|64:ff9b:)|ffff/i);
    }),
    { seed, numRuns: 1_000 },
  );
});

it('different spellings of one address are equal', () => {
  expect(sameAddress('127.0.0.1', '::ffff:127.0.0.1')).toBe(true);
  expect(sameAddress('::1', '0:0:0:0:0:0:0:1')).toBe(true);
  expect(sameAddress('127.0.0.1', '127.0.0.2')).toBe(false);
  expect(sameAddress('127.0.0.1', 'localhost')).toBe(false);
});

it.each(['10.0.0.0', '10.0.0.0/33', '10/8', '0x0a.0.0.0/8', 'example.org/8', '::/129', ''])(
  'the range %j is refused',
  (cidr) => {
    expect(parseRange(cidr)).toBeUndefined();
  },
);
