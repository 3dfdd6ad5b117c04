import * as z from '#net/zod.ts';

const common = {
  /** The field of the JSON object that the secret contains. Without it, the whole secret is the value. */
  field: z.optional(z.string().check(z.minLength(1), z.maxLength(256))),
  /** Text that is put before the value, such as `Bearer `. */
  prefix: z.optional(z.string().check(z.regex(/^[\x20-\x7e]{0,64}$/, 'takes up to 64 printable ASCII characters'))),
};

/** Where a credential is stored. Sluice writes down only this name, never the value. */
export const credentialReferenceSchema = z.union([
  z.strictObject({
    secret: z.string().check(z.regex(/^[0-9A-Za-z/_+=.@-]{1,512}$/, 'takes the name of a secret in Secrets Manager')),
    ...common,
  }),
  z.strictObject({
    parameter: z.string().check(z.regex(/^[0-9A-Za-z/_.-]{1,1011}$/, 'takes the name of a parameter in SSM')),
    ...common,
  }),
]);
export type CredentialReference = z.infer<typeof credentialReferenceSchema>;

const headerValue = z.string().check(z.regex(/^[\t\x20-\x7e]*$/, 'takes printable ASCII characters'));
const headerName = z.string().check(z.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'takes the name of a header'));
const valueOrReference = z.union([z.string().check(z.maxLength(4_096)), credentialReferenceSchema]);

/** The fields of a source that authenticate to it. Values that are always secret can only be given by reference. */
export const credentialFields = {
  headers: z.optional(z.record(headerName, z.union([headerValue, credentialReferenceSchema]))),
  query: z.optional(z.record(z.string().check(z.minLength(1), z.maxLength(256)), valueOrReference)),
  basicAuth: z.optional(z.strictObject({ username: valueOrReference, password: credentialReferenceSchema })),
  oauth2: z.optional(
    z.strictObject({
      tokenUrl: z.url({ protocol: /^https?$/ }),
      clientId: valueOrReference,
      clientSecret: credentialReferenceSchema,
      scope: z.optional(z.string().check(z.maxLength(1_024))),
      audience: z.optional(z.string().check(z.maxLength(1_024))),
      /** How the client identifies itself to the token server: RFC 6749 2.3.1. */
      clientAuthentication: z._default(z.enum(['basic', 'body']), 'basic'),
    }),
  ),
};
export type CredentialFields = z.infer<z.ZodMiniObject<typeof credentialFields>>;

/**
 * Headers that contain nothing but credentials. Typed as plain text, they would be readable in the execution's history.
 */
const ALWAYS_SECRET = new Set(['authorization', 'proxy-authorization', 'cookie', 'x-api-key']);
/** Headers that are also sent to the hosts that redirects lead to. */
const SENT_ANYWHERE = new Set(['user-agent', 'accept', 'accept-language']);

/** Returns what is wrong with the combination of a source's credential fields, each problem with its path. */
export function credentialProblems(fields: CredentialFields): { path: string[]; problem: string }[] {
  const problems: { path: string[]; problem: string }[] = [];
  const ways = [fields.basicAuth && 'basicAuth', fields.oauth2 && 'oauth2'].filter((way) => way !== undefined);
  for (const [name, value] of Object.entries(fields.headers ?? {})) {
    const lower = name.toLowerCase();
    const path = ['headers', name];
    if (lower === 'authorization') ways.push(path.join('.'));
    if (typeof value === 'string' && ALWAYS_SECRET.has(lower)) {
      problems.push({
        path,
        problem:
          'takes a reference such as { "secret": "name", "field": "token" }, because everybody who may read the run could read the value here',
      });
    }
    if (typeof value !== 'string' && SENT_ANYWHERE.has(lower)) {
      problems.push({ path, problem: 'must not contain a secret, because redirects send this header to other hosts' });
    }
  }
  if (ways.length > 1)
    problems.push({ path: [], problem: `takes one of ${ways.join(', ')}: each of them sets the authorization` });
  return problems;
}
