import type { S3Client } from '@aws-sdk/client-s3';
import type { SignedRequest } from './signature.ts';
import { authorizationOf, keyPath, type SigningScope, signHeaders } from './signature.ts';

/** A call on one object that is made so often that the SDK's cost besides signing matters. */
export interface ObjectCall {
  readonly operation: 'HeadObject' | 'PutObject' | 'UploadPart';
  readonly bucket: string;
  readonly key: string;
}

/** What the requests of one operation on a bucket's objects have in common. */
export interface Pattern {
  /** The request without its query; its path ends before the key. */
  readonly request: SignedRequest;
  readonly scope: SigningScope;
}

const patterns = new WeakMap<S3Client, Map<string, Pattern>>();

/** Headers that belong to one request only. */
const OF_ONE_REQUEST =
  /^(?:amz-sdk-.*|authorization|content-.*|if-none-match|x-amz-(?:checksum-.*|content-sha256|date|decoded-content-length|meta-.*|security-token|sdk-checksum-.*|trailer|user-agent))$/;

/**
 * Learns from a request of the SDK how this bucket's objects are called: endpoint, addressing, region, and the headers
 * of the client's own middleware. If the engine's signature of that request differs from the client's, nothing is
 * learnt: then the caller has its own signer, or the SDK has to make the signature.
 */
export async function learnPattern(client: S3Client, call: ObjectCall, signed: SignedRequest): Promise<void> {
  const all = Object.fromEntries(Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), value]));
  const { authorization = '', 'x-amz-date': date = '' } = all;
  const [, region, service, names] =
    /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+),/.exec(
      authorization,
    ) ?? [];
  // The SDK has to handle sessions of S3 Express, and paths in another form.
  if (region === undefined || service === undefined || names === undefined) return;
  const key = keyPath(call.key);
  if (all['x-amz-s3session-token'] !== undefined || !signed.path.endsWith(key)) return;
  const scope = { region, service };
  const credentials = await client.config.credentials();
  const own = authorizationOf({ ...signed, headers: all }, names.split(';'), credentials, scope, date);
  if (own !== authorization) return;
  const path = signed.path.slice(0, -key.length);
  const headers = Object.fromEntries(Object.entries(all).filter(([name]) => !OF_ONE_REQUEST.test(name)));
  const ofClient = patterns.get(client) ?? new Map<string, Pattern>();
  patterns.set(client, ofClient);
  const { body: _, ...request } = signed;
  ofClient.set(nameOf(call), { request: { ...request, headers, path, query: {} }, scope });
}

/**
 * Signs a request with the client's credentials and clock, without the SDK, for a hundredth of its CPU.
 *
 * @returns undefined if no pattern has been learnt: then the SDK has to make the request.
 */
export async function signCall(
  client: S3Client,
  call: ObjectCall,
  query: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>>,
): Promise<SignedRequest | undefined> {
  const pattern = patternOf(client, call);
  if (pattern === undefined) return undefined;
  const credentials = await client.config.credentials();
  const request = { ...pattern.request, path: pattern.request.path + keyPath(call.key), query };
  return {
    ...request,
    headers: signHeaders(request, { ...request.headers, ...headers }, credentials, pattern.scope, timeOf(client)),
  };
}

/** @returns undefined if no pattern has been learnt. */
export function patternOf(client: S3Client, call: Omit<ObjectCall, 'key'>): Pattern | undefined {
  return patterns.get(client)?.get(nameOf(call));
}

/** Returns S3's time, as far as the client knows it. */
export function timeOf(client: S3Client): Date {
  return new Date(Date.now() + client.config.systemClockOffset);
}

function nameOf({ operation, bucket }: Omit<ObjectCall, 'key'>): string {
  return `${operation} ${bucket}`;
}
