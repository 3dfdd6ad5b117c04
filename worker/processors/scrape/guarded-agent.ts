import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { PermanentError } from '../../permanent-error.ts';

/** A URL leads to an address that hands out the task's own credentials. */
export class ForbiddenAddressError extends PermanentError {
  override readonly name = 'ForbiddenAddressError';
}

/** Link-local addresses: no site lives there, but the metadata and credentials services of EC2, ECS and Lambda do. */
const forbidden = new BlockList();
forbidden.addSubnet('169.254.0.0', 16, 'ipv4');
forbidden.addSubnet('fe80::', 10, 'ipv6');
forbidden.addSubnet('fd00:ec2::', 32, 'ipv6');
// The same IPv4 addresses behind NAT64; those mapped into IPv6 are compared as IPv4 by BlockList itself.
forbidden.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');

/**
 * A dispatcher that refuses to dial link-local addresses, whether the URL names one or a host name resolves to one. The
 * check is made on what is dialled, so a name that resolves differently the second time gains nothing.
 */
export function guardedAgent(connectSeconds: number): Agent {
  const connect = buildConnector({ timeout: connectSeconds * 1_000, lookup: guardedLookup });
  return new Agent({
    allowH2: false,
    connections: 1,
    connect(options, callback) {
      const literal = options.hostname.replace(/^\[|\]$/g, '');
      // A literal address is dialled without a lookup.
      if (isIP(literal) !== 0 && isForbidden(literal)) callback(refusal(literal, literal), null);
      else connect(options, callback);
    },
  });
}

function guardedLookup(
  hostname: string,
  options: LookupOptions,
  callback: (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void,
): void {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, []);
    const bad = addresses.find(({ address }) => isForbidden(address));
    if (bad !== undefined) return callback(refusal(hostname, bad.address), []);
    if (options.all === true) return callback(null, addresses);
    const [first] = addresses;
    return callback(null, first?.address ?? [], first?.family);
  });
}

function isForbidden(address: string): boolean {
  return forbidden.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

function refusal(host: string, address: string): ForbiddenAddressError {
  return new ForbiddenAddressError(`${host} is at ${address}, a link-local address, which is not fetched from`);
}
