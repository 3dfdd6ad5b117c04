import type { S3Client } from '@aws-sdk/client-s3';
import { headText } from '../lane/head-text.ts';
import { type Pattern, patternOf, timeOf } from './call-signer.ts';
import {
  authorizationFor,
  canonicalText,
  dateText,
  headersOfSigning,
  keyPath,
  queryText,
  type SignedRequest,
  type SigningCredentials,
  signedNames,
} from './signature.ts';

/** An upload in parts. */
export interface UploadAddress {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
}

/** What the requests for an upload's parts differ in, besides their time. */
export interface PartFields {
  readonly number: number;
  readonly bytes: number;
  /** In the form of S3. */
  readonly crc: string;
}

/** Stand for the fields in a template. No header of a request for a part has these letters. */
const FIELDS = { number: '\xf0', bytes: '\xf1', crc: '\xf2', date: '\xf3', authorization: '\xf4' } as const;
const FIELD = /([\xf0-\xf4])/;

/** A text, divided at its fields: every second piece is a field's letter. */
type Template = readonly string[];

interface Heads {
  readonly pattern: Pattern;
  readonly credentials: SigningCredentials;
  readonly names: readonly string[];
  readonly canonical: Template;
  readonly head: Template;
  readonly request: SignedRequest;
}

const known = new WeakMap<UploadAddress, Heads>();

/**
 * Makes the signed request for a part from a template of its upload. A large file has thousands of parts, and to sign
 * each one's headers anew would need several times the processor time.
 *
 * @returns undefined if no pattern has been learnt, or if the upload can't have a template.
 */
export async function signPart(
  client: S3Client,
  upload: UploadAddress,
  { number, bytes, crc }: PartFields,
): Promise<SignedRequest | undefined> {
  const pattern = patternOf(client, { operation: 'UploadPart', bucket: upload.bucket });
  if (pattern === undefined) return undefined;
  const credentials = await client.config.credentials();
  let heads = known.get(upload);
  if (heads === undefined || heads.pattern !== pattern || !areSame(heads.credentials, credentials)) {
    heads = headsOf(upload, pattern, credentials);
    if (heads === undefined) return undefined;
    known.set(upload, heads);
  }
  const date = dateText(timeOf(client));
  const partNumber = String(number);
  const values = {
    [FIELDS.number]: partNumber,
    [FIELDS.bytes]: String(bytes),
    [FIELDS.crc]: crc,
    [FIELDS.date]: date,
  };
  const canonical = filled(heads.canonical, values);
  const authorization = authorizationFor(canonical, heads.names, credentials, pattern.scope, date);
  const head = filled(heads.head, { ...values, [FIELDS.authorization]: authorization });
  return { ...heads.request, query: { partNumber, uploadId: upload.uploadId, 'x-id': 'UploadPart' }, head };
}

function areSame(one: SigningCredentials, other: SigningCredentials): boolean {
  return (
    one.accessKeyId === other.accessKeyId &&
    one.secretAccessKey === other.secretAccessKey &&
    one.sessionToken === other.sessionToken
  );
}

function headsOf(
  { key, uploadId }: UploadAddress,
  pattern: Pattern,
  credentials: SigningCredentials,
): Heads | undefined {
  const query = `partNumber=${FIELDS.number}&${queryText({ uploadId, 'x-id': 'UploadPart' })}`;
  const request = { ...pattern.request, path: pattern.request.path + keyPath(key) };
  const fixed = { ...request.headers, ...headersOfSigning(credentials, '') };
  if (Object.values(fixed).some((value) => FIELD.test(value))) return undefined;
  const headers: Record<string, string> = {
    ...fixed,
    ...headersOfPart(FIELDS.bytes, FIELDS.crc),
    'x-amz-date': FIELDS.date,
  };
  const names = signedNames(headers).sort();
  const all = { ...headers, authorization: FIELDS.authorization };
  return {
    pattern,
    credentials,
    names,
    canonical: canonicalText({ ...request, headers }, query, names).split(FIELD),
    head: headText(request.method, `${request.path}?${query}`, all).split(FIELD),
    request,
  };
}

/** Returns the headers of a request for a part, besides those of signing. */
export function headersOfPart(bytes: string, crc: string): Record<string, string> {
  return {
    'content-length': bytes,
    'x-amz-checksum-crc32': crc,
    // The CRC proves the bytes; a SHA-256 for the signature would cost a second a GiB.
    'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
  };
}

/** @param values by the letters of their fields. */
function filled(template: Template, values: Readonly<Record<string, string>>): string {
  let text = '';
  for (const piece of template) text += values[piece] ?? piece;
  return text;
}
