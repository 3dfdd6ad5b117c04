import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

/** A signed request, as the SDK's middleware stack passes it to its HTTP handler. */
export interface SignedRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  /** The body of a call that is in memory. */
  readonly body?: string | Uint8Array;
}

export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** The scope for which a signature is valid. */
export interface SigningScope {
  readonly region: string;
  readonly service: string;
}

/** Headers that a proxy or Node may change, which the SDK doesn't sign either. */
const UNSIGNED =
  /^(?:authorization|cache-control|connection|expect|from|keep-alive|max-forwards|pragma|referer|te|trailer|transfer-encoding|upgrade|user-agent|x-amzn-trace-id|proxy-.*|sec-.*)$/;

/**
 * Signs a request with Signature Version 4 in S3's form: the path is encoded once, and the hash of the body is in
 * `x-amz-content-sha256`. A day's key is computed once. The SDK's signer needs five times the CPU: it makes a new
 * object for each hash and derives its key each time.
 *
 * @param headers names in lower case, `x-amz-content-sha256` among them.
 * @returns the given headers and those that signing adds.
 */
export function signHeaders(
  { method, path, query }: Pick<SignedRequest, 'method' | 'path' | 'query'>,
  headers: Readonly<Record<string, string>>,
  credentials: SigningCredentials,
  scope: SigningScope,
  at: Date,
): Record<string, string> {
  const date = at.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const { sessionToken } = credentials;
  const signed: Record<string, string> = {
    ...headers,
    'x-amz-date': date,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  };
  const names = Object.keys(signed).filter((name) => !UNSIGNED.test(name));
  const authorization = authorizationOf({ method, path, query, headers: signed }, names, credentials, scope, date);
  return { ...signed, authorization };
}

/**
 * @param names of the headers to sign, in lower case.
 * @param date in the form of `x-amz-date`.
 */
export function authorizationOf(
  { method, path, query, headers }: Pick<SignedRequest, 'method' | 'path' | 'query' | 'headers'>,
  names: readonly string[],
  { accessKeyId, secretAccessKey }: SigningCredentials,
  { region, service }: SigningScope,
  date: string,
): string {
  const sorted = [...names].sort();
  let canonical = `${method}\n${path}\n${queryText(query)}\n`;
  for (const name of sorted) canonical += `${name}:${(headers[name] ?? '').trim().replace(/\s+/g, ' ')}\n`;
  const list = sorted.join(';');
  canonical += `\n${list}\n${headers['x-amz-content-sha256']}`;
  const day = date.slice(0, 8);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${hash('sha256', canonical, 'hex')}`;
  const signature = createHmac('sha256', keyOf(secretAccessKey, day, region, service))
    .update(toSign)
    .digest('hex');
  return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${list}, Signature=${signature}`;
}

/** Returns a request's query, as it is sent and signed: sorted by name. */
export function queryText(query: SignedRequest['query']): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one: string | null) => [escaped(name), escaped(one ?? '')] as const),
  );
  pairs.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

/** Returns the target of a request's first line. */
export function pathOf({ path, query }: Pick<SignedRequest, 'path' | 'query'>): string {
  const text = queryText(query);
  return text === '' ? path : `${path}?${text}`;
}

/** Returns a key in the form of S3's paths: RFC 3986's unreserved characters and slashes stay. */
export function keyPath(key: string): string {
  return `/${key.split('/').map(escaped).join('/')}`;
}

function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

interface DayKey {
  readonly secret: string;
  readonly scope: string;
  readonly key: KeyObject;
}

/** The last key: a process signs with one set of credentials, for one region, and the day changes once. */
let last: DayKey | undefined;

function keyOf(secret: string, day: string, region: string, service: string): KeyObject {
  const scope = `${day}/${region}/${service}`;
  if (last?.secret === secret && last.scope === scope) return last.key;
  const made = [day, region, service, 'aws4_request'].reduce<string | Buffer>(
    (key, word) => createHmac('sha256', key).update(word).digest(),
    `AWS4${secret}`,
  );
  const key = createSecretKey(made as Buffer);
  last = { secret, scope, key };
  return key;
}
