import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** A block of addresses, such as 10.0.0.0/8. */
export type AddressRange = readonly [network: ipaddr.IPv4 | ipaddr.IPv6, prefixBits: number];

interface Class {
  readonly name: string;
  /** The ranges of one version of IP. Parsing all of them takes 2 ms at a start, and most processes never dial IPv6. */
  readonly of: (kind: 'ipv4' | 'ipv6') => readonly AddressRange[];
}

function named(name: string, ...cidrs: string[]): Class {
  const parsed: { ipv4?: readonly AddressRange[]; ipv6?: readonly AddressRange[] } = {};
  return {
    name,
    of: (kind) => {
      parsed[kind] ??= cidrs
        .filter((cidr) => cidr.includes(':') === (kind === 'ipv6'))
        .map((cidr) => ipaddr.parseCIDR(cidr) as AddressRange);
      return parsed[kind];
    },
  };
}

/**
 * Addresses where EC2, ECS, EKS and Lambda serve credentials, and all other link-local addresses: no source lives
 * there, so no setting can open them.
 */
const NEVER: readonly Class[] = [
  named('link-local', '169.254.0.0/16', 'fe80::/10'),
  named('a metadata service', 'fd00:ec2::/32'),
];

/** The IANA registries of special-purpose addresses, without those that are globally reachable. */
const CLOSED: readonly Class[] = [
  named('unspecified', '0.0.0.0/8'),
  named('loopback', '127.0.0.0/8'),
  named('private', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'),
  named('carrier-grade NAT', '100.64.0.0/10'),
  named('documentation', '192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20'),
  named('benchmarking', '198.18.0.0/15', '2001:2::/48'),
  named('6to4', '192.88.99.0/24', '2002::/16'),
  named('multicast', '224.0.0.0/4', 'ff00::/8'),
  named('broadcast', '255.255.255.255/32'),
  named('reserved', '192.0.0.0/24', '240.0.0.0/4'),
  named('Teredo', '2001::/32'),
  named('reserved', '2001::/23'),
  named('loopback', '::1/128'),
  named('unspecified', '::/128'),
  named('IPv4-compatible', '::/96'),
  named('local NAT64', '64:ff9b:1::/48'),
  named('unique-local', 'fc00::/7'),
  named('site-local', 'fec0::/10'),
];

/**
 * Only this part of IPv6 is assigned. Addresses outside are closed until somebody has checked what they are used for.
 */
const GLOBAL_IPV6 = named('global', '2000::/3');
/** RFC 6052: the last 32 bits are the IPv4 address that the gateway dials. */
const NAT64 = named('NAT64', '64:ff9b::/96');

/**
 * Returns in a few words why an address must not be dialled, or undefined if it belongs to the public Internet or to a
 * range that was opened. For IPv4 addresses inside IPv6 addresses (mapped, NAT64), the IPv4 address is checked.
 *
 * @param address in a form that `net.isIP` accepts. Any other text is refused.
 */
export function whyForbidden(address: string, open: readonly AddressRange[]): string | undefined {
  const parsed = parseAddress(address);
  if (parsed === undefined) return 'not an IP address';
  const dialled = embedded(parsed) ?? parsed;
  const never = classOf(dialled, NEVER);
  if (never !== undefined) return never.name;
  if (isIn(dialled, open) || isIn(parsed, open)) return undefined;
  const closed = classOf(dialled, CLOSED);
  if (closed !== undefined) return closed.name;
  return dialled.kind() === 'ipv6' && classOf(dialled, [GLOBAL_IPV6]) === undefined ? 'reserved' : undefined;
}

function classOf(address: ipaddr.IPv4 | ipaddr.IPv6, classes: readonly Class[]): Class | undefined {
  return classes.find(({ of }) => isIn(address, of(address.kind())));
}

/** Returns whether two texts are the same address: the address to dial, and the address that the socket reports. */
export function sameAddress(one: string, other: string): boolean {
  const [first, second] = [parseAddress(one), parseAddress(other)];
  return first !== undefined && second !== undefined && plain(first) === plain(second);
}

/**
 * Parses an address as the kernel does. IPv6 is normalised by the URL parser, without a zone: ipaddr.js alone reads
 * `::8.8.8.8` as the IPv4 address.
 */
function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const family = isIP(text);
  if (family === 4) return ipaddr.IPv4.parse(text);
  const host = family === 6 ? URL.parse(`http://[${text.replace(/%.*$/, '')}]`)?.hostname : undefined;
  return host === undefined ? undefined : ipaddr.IPv6.parse(host.slice(1, -1));
}

/** @returns undefined if the text is not a range of addresses. */
export function parseRange(cidr: string): AddressRange | undefined {
  const slash = cidr.lastIndexOf('/');
  // ipaddr.js also accepts 10.0/8 and 0x0a.0.0.0/8, which people read differently.
  if (slash < 0 || isIP(cidr.slice(0, slash)) === 0) return undefined;
  return ipaddr.isValidCIDR(cidr) ? (ipaddr.parseCIDR(cidr) as AddressRange) : undefined;
}

/** A range that a setting has opened, for one port or for all. */
export interface OpenRange {
  readonly range: AddressRange;
  readonly port: number | undefined;
}

/**
 * Reads a range with or without a port: `10.20.0.0/16`, `127.0.0.1/32:8080`, `::1/128:8080`.
 *
 * @returns undefined if the text has neither form.
 */
export function parseOpenRange(text: string): OpenRange | undefined {
  const [, cidr = '', digits] = /^(.*\/\d+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const range = parseRange(cidr);
  const port = digits === undefined ? undefined : Number(digits);
  if (range === undefined || port === 0 || (port ?? 0) > 65_535) return undefined;
  return { range, port };
}

function embedded(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | undefined {
  if (address.kind() === 'ipv4') return undefined;
  const long = address as ipaddr.IPv6;
  if (long.isIPv4MappedAddress()) return long.toIPv4Address();
  if (classOf(long, [NAT64]) !== undefined) return new ipaddr.IPv4(long.toByteArray().slice(12));
  return undefined;
}

function isIn(address: ipaddr.IPv4 | ipaddr.IPv6, blocks: readonly AddressRange[]): boolean {
  return blocks.some(
    ([network, bits]) =>
      network.kind() === address.kind() && (address as ipaddr.IPv6).match(network as ipaddr.IPv6, bits),
  );
}

function plain(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  const mapped = address.kind() === 'ipv6' && (address as ipaddr.IPv6).isIPv4MappedAddress();
  return (mapped ? (address as ipaddr.IPv6).toIPv4Address() : address).toNormalizedString();
}
