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
  /** The head as it is sent, if it has been made already. Then `headers` lacks some of its fields. */
  readonly head?: string;
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
  const date = dateText(at);
  const signed = { ...headers, ...headersOfSigning(credentials, date) };
  const names = signedNames(signed);
  const authorization = authorizationOf({ method, path, query, headers: signed }, names, credentials, scope, date);
  return { ...signed, authorization };
}

/** Returns the form of `x-amz-date`. */
export function dateText(at: Date): string {
  return at.toISOString().replace(/[-:]|\.\d{3}/g, '');
}

/** Returns the headers that signing adds, besides the signature. */
export function headersOfSigning({ sessionToken }: SigningCredentials, date: string): Record<string, string> {
  return { 'x-amz-date': date, ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }) };
}

/** Returns the names of the headers to sign. */
export function signedNames(headers: Readonly<Record<string, string>>): string[] {
  return Object.keys(headers).filter((name) => !UNSIGNED.test(name));
}

/**
 * @param names of the headers to sign, in lower case.
 * @param date in the form of `x-amz-date`.
 */
export function authorizationOf(
  request: Pick<SignedRequest, 'method' | 'path' | 'query' | 'headers'>,
  names: readonly string[],
  credentials: SigningCredentials,
  scope: SigningScope,
  date: string,
): string {
  const sorted = [...names].sort();
  return authorizationFor(canonicalText(request, queryText(request.query), sorted), sorted, credentials, scope, date);
}

/**
 * Returns the text whose hash is signed.
 *
 * @param query as `queryText` returns it.
 * @param names of the headers to sign, in lower case and sorted.
 */
export function canonicalText(
  { method, path, headers }: Pick<SignedRequest, 'method' | 'path' | 'headers'>,
  query: string,
  names: readonly string[],
): string {
  let text = `${method}\n${path}\n${query}\n`;
  for (const name of names) text += `${name}:${(headers[name] ?? '').trim().replace(/\s+/g, ' ')}\n`;
  return `${text}\n${names.join(';')}\n${headers['x-amz-content-sha256']}`;
}

/**
 * Signs a canonical text. Returns the value of the header.
 *
 * @param names of the signed headers, sorted.
 * @param date in the form of `x-amz-date`.
 */
export function authorizationFor(
  canonical: string,
  names: readonly string[],
  { accessKeyId, secretAccessKey }: SigningCredentials,
  { region, service }: SigningScope,
  date: string,
): string {
  const day = date.slice(0, 8);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${hash('sha256', canonical, 'hex')}`;
  const signature = createHmac('sha256', keyOf(secretAccessKey, day, region, service))
    .update(toSign)
    .digest('hex');
  return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
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
