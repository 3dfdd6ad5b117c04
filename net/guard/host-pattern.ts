/** A host, or all subdomains of one. Anchored at both ends: `*.example.org` is neither `example.org` nor `badexample.org`. */
export class HostPattern {
  readonly #host: string;
  readonly #subdomains: boolean;

  private constructor(host: string, subdomains: boolean) {
    this.#host = host;
    this.#subdomains = subdomains;
  }

  /** @returns undefined where the text is neither a host nor `*.` and a host. */
  static parse(text: string): HostPattern | undefined {
    const subdomains = text.startsWith('*.');
    const name = subdomains ? text.slice(2) : text;
    // A host as URLs have it: Unicode names in Punycode, addresses in one spelling.
    const url = URL.parse(`http://${name.includes(':') && !name.startsWith('[') ? `[${name}]` : name}/`);
    if (url === null || name === '' || /[/?#@\\*\s]/.test(name) || url.port !== '') return undefined;
    const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
    return host === '' ? undefined : new HostPattern(host, subdomains);
  }

  /** @param host as `bareHost` gives it. */
  matches(host: string): boolean {
    return this.#subdomains ? host.endsWith(`.${this.#host}`) : host === this.#host;
  }
}
