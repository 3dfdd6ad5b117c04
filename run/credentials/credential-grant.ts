import { HostPattern } from '#net/guard/host-pattern.ts';
import { bareHost } from '#net/guard/source-guard.ts';
import * as z from '#net/zod.ts';
import type { CredentialReference } from './credential-reference.ts';

export const hostSchema = z
  .string()
  .check(z.refine((text) => HostPattern.parse(text) !== undefined, 'takes a host, or *. and a host: *.example.org'));

const grantee = () => ({
  /** The hosts to which the credential may be sent: `data.example.org`, `*.example.org`. */
  hosts: z.array(hostSchema).check(z.minLength(1)),
  /** Permission to send the credential over http, where anybody on the way can read it. */
  http: z._default(z.boolean(), false),
});

/**
 * Permission to use credentials: which ones, and for which hosts. Without grants, whoever may start a run could have
 * any secret sent to a host of their own. The name may end in `*`.
 */
export const credentialGrantSchema = z.lazy(() =>
  z.union([
    z.strictObject({
      /** The name of a secret of Secrets Manager, or its beginning and `*`. */
      secret: z
        .string()
        .check(z.regex(/^[0-9A-Za-z/_+=.@-]{1,511}\*?$/, 'takes the name of a secret, or its beginning and *')),
      ...grantee(),
    }),
    z.strictObject({
      /** The name of a parameter of Systems Manager, or its beginning and `*`. */
      parameter: z
        .string()
        .check(z.regex(/^[0-9A-Za-z/_.-]{1,1010}\*?$/, 'takes the name of a parameter, or its beginning and *')),
      ...grantee(),
    }),
  ]),
);
export type CredentialGrant = z.infer<typeof credentialGrantSchema>;

/** Returns whether one of the grants permits sending the credential to the host of the URL. */
export function isGranted(grants: readonly CredentialGrant[], reference: CredentialReference, url: URL): boolean {
  const host = bareHost(url.hostname);
  return grants.some(
    (grant) =>
      namesMatch(grant, reference) &&
      (url.protocol === 'https:' || grant.http) &&
      grant.hosts.some((pattern) => HostPattern.parse(pattern)?.matches(host) === true),
  );
}

function namesMatch(grant: CredentialGrant, reference: CredentialReference): boolean {
  if ('secret' in grant) return 'secret' in reference && matches(grant.secret, reference.secret);
  return 'parameter' in reference && matches(grant.parameter, reference.parameter);
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
