import * as z from 'zod';

const common = {
  /** The field of the JSON object that the secret contains. Without it, the whole secret is the value. */
  field: z.string().min(1).max(256).optional(),
  /** Text that is put before the value, such as `Bearer `. */
  prefix: z
    .string()
    .regex(/^[\x20-\x7e]{0,64}$/, 'takes up to 64 printable ASCII characters')
    .optional(),
};

/** Where a credential is stored. Sluice writes down only this name, never the value. */
export const credentialReferenceSchema = z.union([
  z.strictObject({
    secret: z.string().regex(/^[0-9A-Za-z/_+=.@-]{1,512}$/, 'takes the name of a secret in Secrets Manager'),
    ...common,
  }),
  z.strictObject({
    parameter: z.string().regex(/^[0-9A-Za-z/_.-]{1,1011}$/, 'takes the name of a parameter in SSM'),
    ...common,
  }),
]);
export type CredentialReference = z.infer<typeof credentialReferenceSchema>;

const headerValue = z.string().regex(/^[\t\x20-\x7e]*$/, 'takes printable ASCII characters');
const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'takes the name of a header');
const valueOrReference = z.union([z.string().max(4_096), credentialReferenceSchema]);

/** The fields of a source that authenticate to it. Values that are always secret can only be given by reference. */
export const credentialFields = {
  headers: z.record(headerName, z.union([headerValue, credentialReferenceSchema])).optional(),
  query: z.record(z.string().min(1).max(256), valueOrReference).optional(),
  basicAuth: z.strictObject({ username: valueOrReference, password: credentialReferenceSchema }).optional(),
  oauth2: z
    .strictObject({
      tokenUrl: z.url({ protocol: /^https?$/ }),
      clientId: valueOrReference,
      clientSecret: credentialReferenceSchema,
      scope: z.string().max(1_024).optional(),
      audience: z.string().max(1_024).optional(),
      /** How the client identifies itself to the token server: RFC 6749 2.3.1. */
      clientAuthentication: z.enum(['basic', 'body']).default('basic'),
    })
    .optional(),
};
export type CredentialFields = z.infer<z.ZodObject<typeof credentialFields>>;

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
