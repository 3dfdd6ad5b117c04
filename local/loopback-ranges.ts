import { isIP } from 'node:net';
import { bareHost } from '#net/guard/source-guard.ts';

/**
 * Returns the ranges of this machine's loopback interface to open, in the form of `sources.openRanges`: the address and
 * port of each URL on it. Other programs listen on the interface too, such as the embedded AWS, and a source may
 * redirect to any of them.
 */
export function loopbackRanges(urls: readonly string[]): string[] {
  const ranges = urls.flatMap((text) => {
    const { protocol, hostname, port } = new URL(text);
    const asked = port === '' ? (protocol === 'https:' ? 443 : 80) : port;
    return addressesOf(bareHost(hostname)).map((address) => `${address}/${isIP(address) === 4 ? 32 : 128}:${asked}`);
  });
  return [...new Set(ranges)];
}

function addressesOf(host: string): string[] {
  if (host === 'localhost' || host.endsWith('.localhost')) return ['127.0.0.1', '::1'];
  return host === '::1' || (isIP(host) === 4 && host.startsWith('127.')) ? [host] : [];
}
