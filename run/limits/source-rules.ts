import * as z from 'zod';
import { parseOpenRange } from '#net/guard/address.ts';
import { SourceGuard } from '#net/guard/source-guard.ts';
import { credentialGrantSchema, hostSchema } from '../credentials/credential-grant.ts';

/** The deployment's setting `sources`: the hosts and addresses of sources, of scraped sites and of the gate's pages. */
export const sourceRulesSchema = z.strictObject({
  allowedHosts: z
    .array(hostSchema)
    .default([])
    .describe(
      'Hosts that Sluice may send requests to: `data.example.org`, or `*.example.org` for its subdomains. Empty: any.',
    ),
  deniedHosts: z
    .array(hostSchema)
    .default([])
    .describe(
      'Hosts that Sluice may not send requests to, in the same form. This list overrides `sources.allowedHosts`.',
    ),
  ports: z
    .array(z.int().min(1).max(65_535))
    .default([80, 443])
    .describe('Ports that Sluice may connect to. Empty: any.'),
  openRanges: z
    .array(
      z
        .string()
        .refine(
          (text) => parseOpenRange(text) !== undefined,
          'takes a range such as 10.20.0.0/16 or 10.20.0.7/32:8443',
        ),
    )
    .default([])
    .describe(
      'Addresses outside the public Internet that Sluice may connect to, as CIDR, for sources in your own network. With a port (`10.20.0.7/32:8443`), only this port is allowed. Link-local addresses, which serve credentials, are never allowed.',
    ),
  httpsToHttp: z
    .boolean()
    .default(false)
    .describe('Follows redirects from https to http. Anybody on the way can change a file that is sent over http.'),
  credentials: z
    .array(credentialGrantSchema)
    .default([])
    .describe(
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
