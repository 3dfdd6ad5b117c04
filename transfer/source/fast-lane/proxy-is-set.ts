type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether the environment names a proxy for a URL, as curl and Node read it: `https_proxy`, `http_proxy` or `all_proxy`,
 * in either case, but for the hosts of `no_proxy`.
 */
export function proxyIsSet(url: URL, environment: Environment = process.env): boolean {
  const variable = (name: string) => environment[name] || environment[name.toUpperCase()] || undefined;
  const proxy = variable(`${url.protocol.slice(0, -1)}_proxy`) ?? variable('all_proxy');
  if (proxy === undefined) return false;
  const exempt = (variable('no_proxy') ?? '').toLowerCase().split(/[\s,]+/);
  return !exempt.some((pattern) => {
    const suffix = pattern.replace(/^\*?\.?/, '');
    if (suffix === '') return pattern === '*';
    return [url.hostname, url.host].some((host) => host === suffix || host.endsWith(`.${suffix}`));
  });
}
