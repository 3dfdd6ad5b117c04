/**
 * Matches a host, or all subdomains of one. The whole host has to match: `*.example.org` matches neither `example.org`
 * nor `badexample.org`.
 */
export class HostPattern {
  readonly #host: string;
  readonly #subdomains: boolean;

  private constructor(host: string, subdomains: boolean) {
    this.#host = host;
    this.#subdomains = subdomains;
  }

  /** @returns undefined if the text is neither a host nor `*.` and a host. */
  static parse(text: string): HostPattern | undefined {
    const subdomains = text.startsWith('*.');
    const name = subdomains ? text.slice(2) : text;
    // Normalises the host as URLs do: Unicode names in Punycode, one spelling for each address.
    const url = URL.parse(`http://${name.includes(':') && !name.startsWith('[') ? `[${name}]` : name}/`);
    if (url === null || name === '' || /[/?#@\\*\s]/.test(name) || url.port !== '') return undefined;
    const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
    return host === '' ? undefined : new HostPattern(host, subdomains);
  }

  /** @param host in the form that `bareHost` returns. */
  matches(host: string): boolean {
    return this.#subdomains ? host.endsWith(`.${this.#host}`) : host === this.#host;
  }
}
