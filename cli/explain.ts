import { shortText } from '#net/short-text.ts';

/** Names of an AWS error that mean one thing, each with what to do. `{}` stands for the SDK's own words. */
const AWS_ERRORS: readonly (readonly [names: RegExp, text: string])[] = [
  [
    /^(CredentialsProviderError|NoCredentials|CredentialsError)$/,
    'there are no AWS credentials: sign in ("aws sso login"), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  ],
  [
    /^(ExpiredToken|ExpiredTokenException|RequestExpired|TokenRefreshRequired)$/,
    'the AWS credentials have expired: sign in again ("aws sso login"), or get new ones',
  ],
  [
    /^(InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|InvalidToken|SignatureDoesNotMatch|AuthFailure)$/,
    'AWS does not accept the credentials: check AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and which account and region they are for',
  ],
  [
    /^(AccessDenied|AccessDeniedException|Forbidden|AuthorizationError)$/,
    'the credentials may not do this: ask for the permission that is named here: {}',
  ],
  [
    /^(ThrottlingException|TooManyRequestsException|Throttling|SlowDown|RequestLimitExceeded)$/,
    'AWS asks for fewer requests: try again in a minute',
  ],
  [/^(NoSuchBucket)$/, 'there is no such bucket: check its name, and the account and region that you are signed in to'],
  [
    /^(PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/,
    'the bucket is in another region: name it with --region or AWS_REGION',
  ],
];

/** Codes of the system, and what they mean to a person. */
const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'that is a folder, not a file',
  EACCES: 'the file may not be read or written: check its permissions',
  EPERM: 'the system does not allow it: check the permissions',
  ENOSPC: 'the disk is full: make room, then run the command again',
  EDQUOT: 'the disk quota is used up: make room, then run the command again',
  EROFS: 'the file system is read-only: choose another folder (TMPDIR, XDG_STATE_HOME)',
  EMFILE: 'too many files are open: raise the limit (ulimit -n)',
  ECONNREFUSED: 'nothing answers at {}: check the endpoint (AWS_ENDPOINT_URL, --endpoint), and whether the server runs',
  ENOTFOUND: 'the host {} is not known: check the region, the endpoint, and the connection to the Internet',
  EAI_AGAIN: 'names can not be looked up: check the connection to the Internet',
  ETIMEDOUT: 'the connection timed out: check the network, and a proxy or firewall on the way',
};

/**
 * One sentence for a person, from any error: what happened, and what to do. A stack trace, and the words of a library about its own insides, tell
 * nothing to whoever typed a command.
 */
export function explain(error: unknown): string {
  const { name = '', message = '', code = '' } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  if (/region is missing/i.test(message)) {
    return 'there is no AWS region: set AWS_REGION, or a region in the profile that AWS_PROFILE names';
  }
  if (name === 'CredentialsProviderError' && process.env.AWS_PROFILE !== undefined) {
    return `the AWS profile ${JSON.stringify(process.env.AWS_PROFILE)} gives no credentials: "aws configure list-profiles" names the profiles that there are, "aws sso login" signs in`;
  }
  const known = AWS_ERRORS.find(([names]) => names.test(name) || names.test(String(code)));
  if (known !== undefined) return known[1].replace('{}', message);
  const system = SYSTEM_ERRORS[String(code)];
  if (system !== undefined) {
    const { hostname, address, port } = error as { hostname?: string; address?: string; port?: number };
    const where = hostname ?? (address === undefined ? 'the endpoint' : `${address}:${port}`);
    const { path } = error as NodeJS.ErrnoException;
    return `${path === undefined ? '' : `${path}: `}${system.replace('{}', where)}`;
  }
  if (message === 'UnknownError') return 'the endpoint gave an answer without a reason: it may not know this service';
  // Several addresses were tried, and none answered.
  const inner = (error as AggregateError | undefined)?.errors?.[0] ?? (error as Error | undefined)?.cause;
  if (message === '' && inner !== undefined) return explain(inner);
  return shortText(message === '' ? String(error) : message);
}
