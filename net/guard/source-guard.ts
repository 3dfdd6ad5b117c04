import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { SourceForbiddenError } from '../errors.ts';
import { redactUrl } from '../redact.ts';
import { type OpenRange, parseOpenRange, whyForbidden } from './address.ts';
import { HostPattern } from './host-pattern.ts';

/**
 * The hosts and addresses of sources. Each rule excludes more, except `openRanges`, which is a deliberate exception.
 */
export interface SourceRules {
  /** Hosts, exact (`data.example.org`) or with all their subdomains (`*.example.org`). @default any */
  readonly allowedHosts?: readonly string[];
  /** Overrides `allowedHosts`. @default none */
  readonly deniedHosts?: readonly string[];
  /** @default any */
  readonly ports?: readonly number[];
  /**
   * Addresses outside the public Internet that may be dialled, as CIDR: `10.20.0.0/16`, or `127.0.0.1/32:8080` for one
   * port. Link-local addresses can't be opened. @default none
   */
  readonly openRanges?: readonly string[];
  /** Follow redirects from https to http, where anybody on the way can read and change the body. @default false */
  readonly httpsToHttp?: boolean;
}

/** An address of a host, as `node:dns` returns it. */
export interface HostAddress {
  /** IPv4 or IPv6, without brackets. */
  readonly address: string;
  /** The version of IP. */
  readonly family: 4 | 6;
}

/** Returns all addresses of a host name. */
export type Resolve = (host: string) => Promise<readonly HostAddress[]>;

/** A rule can't be read. This is an error in the code or in a setting. */
export class SourceRuleError extends TypeError {
  /** The name of the class. */
  override readonly name = 'SourceRuleError';
}

/**
 * Decides where requests may go: it checks the URL before each request and each redirect, and the address before each
 * dial.
 *
 * Make one guard and keep it: kept connections belong to the guard that permitted them.
 */
export class SourceGuard {
  /** Whether redirects from https to http are followed. */
  readonly httpsToHttp: boolean;
  readonly #allowed: readonly HostPattern[] | undefined;
  readonly #denied: readonly HostPattern[];
  readonly #ports: ReadonlySet<number> | undefined;
  readonly #open: readonly OpenRange[];
  readonly #resolve: Resolve;

  /**
   * @param resolve resolves names. @default the operating system's resolver
   * @throws SourceRuleError, which names the invalid rule.
   */
  constructor(rules: SourceRules = {}, resolve: Resolve = systemResolve) {
    this.httpsToHttp = rules.httpsToHttp ?? false;
    this.#allowed = rules.allowedHosts?.map(hostPattern);
    this.#denied = (rules.deniedHosts ?? []).map(hostPattern);
    this.#ports = rules.ports === undefined ? undefined : new Set(rules.ports);
    this.#open = (rules.openRanges ?? []).map(openRange);
    this.#resolve = resolve;
  }

  /**
   * Checks a URL before anything is sent to it. The host's addresses are not checked here: `resolve` does that.
   *
   * @throws SourceForbiddenError
   */
  checkUrl(url: URL): void {
    const host = bareHost(url.hostname);
    const refuse = (why: string) => {
      throw new SourceForbiddenError(`Sluice sends no request to ${redactUrl(url)}: ${why}`);
    };
    if (this.#denied.some((pattern) => pattern.matches(host))) refuse(`the host ${host} is denied`);
    if (this.#allowed?.some((pattern) => pattern.matches(host)) === false) {
      refuse(`the host ${host} is not one of those allowed`);
    }
    const port = Number(url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port);
    if (this.#ports?.has(port) === false) refuse(`port ${port} is not one of those allowed`);
    if (isIP(host) !== 0) this.checkAddress(host, host, port);
  }

  /**
   * Checks a redirect's target, in addition to `checkUrl`.
   *
   * @throws SourceForbiddenError if the redirect leads from https to http.
   */
  checkRedirect(from: URL, to: URL): void {
    if (this.httpsToHttp || from.protocol !== 'https:' || to.protocol === 'https:') return;
    throw new SourceForbiddenError(
      `${redactUrl(from)} redirects from https to http, to ${redactUrl(to)}, which is not followed unless it is allowed`,
    );
  }

  /** @throws SourceForbiddenError if the address must not be dialled on this port. */
  checkAddress(host: string, address: string, port: number): void {
    const open = this.#open.filter((one) => one.port === undefined || one.port === port).map(({ range }) => range);
    const why = whyForbidden(address, open);
    if (why === undefined) return;
    const where = host === address ? address : `${host} is at ${address}, which`;
    throw new SourceForbiddenError(
      `${where} is not dialled: the address is ${why}, and no range is opened for it on port ${port}`,
    );
  }

  /**
   * Returns all addresses of a host, after checking each of them for this port. The caller dials these addresses and
   * does not resolve the name again.
   *
   * @throws SourceForbiddenError if any of them is forbidden: a name with a permitted and a forbidden address is a
   * trap.
   * @throws the resolver's error.
   */
  async resolve(host: string, port: number): Promise<readonly HostAddress[]> {
    const bare = bareHost(host);
    const family = isIP(bare);
    const addresses = family === 0 ? await this.#resolve(bare) : [{ address: bare, family: family as 4 | 6 }];
    for (const { address } of addresses) this.checkAddress(bare, address, port);
    return addresses;
  }
}

/** Permits only the public Internet: the default if no guard is given. */
export const PUBLIC_INTERNET = new SourceGuard();

/**
 * Returns a URL's host in the form of resolvers and certificates: no brackets around IPv6, no final dot, lower case.
 */
export function bareHost(host: string): string {
  return host
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
}

async function systemResolve(host: string): Promise<readonly HostAddress[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
}

function hostPattern(text: string): HostPattern {
  const pattern = HostPattern.parse(text);
  if (pattern === undefined) {
    throw new SourceRuleError(`${JSON.stringify(text)} is not a host: give a name, an address or *.example.org`);
  }
  return pattern;
}

function openRange(text: string): OpenRange {
  const range = parseOpenRange(text);
  if (range === undefined) {
    throw new SourceRuleError(
      `${JSON.stringify(text)} is not a range of addresses: give one such as 10.20.0.0/16 or 127.0.0.1/32:8080`,
    );
  }
  return range;
}
