import { parseOpenRange } from '#net/guard/address.ts';
import { SourceGuard } from '#net/guard/source-guard.ts';
import * as z from '#net/zod.ts';
import { credentialGrantSchema, hostSchema } from '../credentials/credential-grant.ts';
import { setting } from '../settings/setting.ts';
import { whole } from '../settings/whole.ts';

/** The deployment's setting `sources`: the hosts and addresses of sources, of scraped sites and of the gate's pages. */
export const sourceRulesSchema = z.strictObject({
  allowedHosts: setting(
    z.array(hostSchema),
    [],
    'Hosts that Sluice may send requests to: `data.example.org`, or `*.example.org` for its subdomains. Empty: any.',
  ),
  deniedHosts: setting(
    z.array(hostSchema),
    [],
    'Hosts that Sluice may not send requests to, in the same form. This list overrides `sources.allowedHosts`.',
  ),
  ports: setting(z.array(whole(1, 65_535)), [80, 443], 'Ports that Sluice may connect to. Empty: any.'),
  openRanges: setting(
    z.array(
      z
        .string()
        .check(
          z.refine(
            (text) => parseOpenRange(text) !== undefined,
            'takes a range such as 10.20.0.0/16 or 10.20.0.7/32:8443',
          ),
        ),
    ),
    [],
    'Addresses outside the public Internet that Sluice may connect to, as CIDR, for sources in your own network. With a port (`10.20.0.7/32:8443`), only this port is allowed. Link-local addresses, which serve credentials, are never allowed.',
  ),
  httpsToHttp: setting(
    z.boolean(),
    false,
    'Follows redirects from https to http. Anybody on the way can change a file that is sent over http.',
  ),
  credentials: setting(
    z.array(credentialGrantSchema),
    [],
    'Secrets (Secrets Manager) and parameters (SSM) that sources may name, and the hosts that each may be sent to: `{ "secret": "vendor/*", "hosts": ["api.vendor.example"] }`.',
  ),
});
export type SourceRules = z.infer<typeof sourceRulesSchema>;

/** The guard of one process. Make only one, because it keeps connections. */
export function guardOf({ allowedHosts, deniedHosts, ports, openRanges, httpsToHttp }: SourceRules): SourceGuard {
  return new SourceGuard({
    ...(allowedHosts.length > 0 && { allowedHosts }),
    deniedHosts,
    ...(ports.length > 0 && { ports }),
    openRanges,
    httpsToHttp,
  });
}
