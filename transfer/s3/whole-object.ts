import type { S3Client } from '@aws-sdk/client-s3';
import { crc32FromBase64, crc32ToBase64 } from '../proof/crc32.ts';
import { commandsOf } from './commands.ts';
import { callDirectly, type DirectCall } from './direct-call.ts';
import { UncertainAnswerError } from './errors.ts';
import { sendOnce, type Transport } from './one-attempt.ts';

/** The headers with which an object is stored. */
export interface ObjectHeaders {
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
}

export interface ObjectHead {
  readonly bytes: number;
  readonly etag: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType: string | undefined;
  /** The CRC of the whole object, if it has one. */
  readonly crc: number | undefined;
}

/** The address of an object. */
interface ObjectAddress {
  readonly bucket: string;
  readonly key: string;
}

type Options = DirectCall<unknown>['options'];

const META_PREFIX = 'x-amz-meta-';
const NO_BODY = async (): Promise<void> => {};

/** Looks at an object, once. @returns `none` if it does not exist. */
export function headObject(
  client: S3Client,
  { bucket, key }: ObjectAddress,
  options: Options,
): Promise<ObjectHead | 'none'> {
  return callDirectly<ObjectHead | 'none'>(client, {
    call: { operation: 'HeadObject', bucket, key },
    query: {},
    headers: { 'x-amz-checksum-mode': 'ENABLED', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
    body: NO_BODY,
    options,
    read({ statusCode, headers }) {
      if (statusCode === 404) return 'none';
      return statusCode === 200 && headers.etag !== undefined ? headOf(headers) : undefined;
    },
    async bySdk(transport) {
      const { HeadObjectCommand } = await commandsOf(client);
      const command = new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' });
      const answer = await sendOnce(client, command, transport);
      if (answer.ETag === undefined) throw new UncertainAnswerError('HeadObject');
      return {
        bytes: answer.ContentLength ?? 0,
        etag: answer.ETag,
        metadata: answer.Metadata ?? {},
        contentType: answer.ContentType,
        crc: answer.ChecksumCRC32 === undefined ? undefined : crc32FromBase64(answer.ChecksumCRC32),
      };
    },
  });
}

export interface WholeObject extends ObjectHeaders {
  readonly bytes: Uint8Array;
  readonly crc: number;
  /** Only if there is no object yet: otherwise S3 answers 412. */
  readonly ifAbsent: boolean;
}

/** Stores an object that is in memory, once, with its CRC-32. */
export function putObject(
  client: S3Client,
  { bucket, key }: ObjectAddress,
  { bytes, crc, metadata, contentType, contentEncoding, ifAbsent }: WholeObject,
  options: Options,
): Promise<{ etag: string }> {
  const meta = Object.entries(metadata).map(([name, value]) => [META_PREFIX + name, value]);
  return callDirectly(client, {
    call: { operation: 'PutObject', bucket, key },
    query: { 'x-id': 'PutObject' },
    headers: {
      ...Object.fromEntries(meta),
      'content-length': String(bytes.length),
      'content-type': contentType ?? 'application/octet-stream',
      ...(contentEncoding === undefined ? {} : { 'content-encoding': contentEncoding }),
      'x-amz-checksum-crc32': crc32ToBase64(crc),
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      ...(ifAbsent ? { 'if-none-match': '*' } : {}),
    },
    body: (write) => write(bytes),
    options,
    read: ({ statusCode, headers: { etag }, body }) =>
      statusCode === 200 && etag !== undefined && body.length === 0 ? { etag } : undefined,
    async bySdk(transport) {
      let page = false;
      const noting: Transport = async (signed) => {
        const answer = await transport(signed);
        page = answer.body.length > 0;
        return answer;
      };
      const { PutObjectCommand } = await commandsOf(client);
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: bytes,
        ContentLength: bytes.length,
        ChecksumCRC32: crc32ToBase64(crc),
        ...sdkHeaders({ metadata, contentType, contentEncoding }),
        ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
      });
      const { ETag: etag } = await sendOnce(client, command, noting);
      if (etag === undefined) throw new UncertainAnswerError('PutObject');
      // A web server's page may have an ETag too.
      if (page) throw new UncertainAnswerError('PutObject', '200 with a page');
      return { etag };
    },
  });
}

/** Returns the headers under the names of the SDK's commands. */
export function sdkHeaders({ metadata, contentType, contentEncoding }: ObjectHeaders) {
  return {
    Metadata: { ...metadata },
    ...(contentType === undefined ? {} : { ContentType: contentType }),
    ...(contentEncoding === undefined ? {} : { ContentEncoding: contentEncoding }),
  };
}

function headOf(headers: Readonly<Record<string, string>>): ObjectHead {
  const crc = headers['x-amz-checksum-crc32'];
  const metadata = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith(META_PREFIX) ? [[name.slice(META_PREFIX.length), value] as const] : [],
  );
  return {
    bytes: Number(headers['content-length'] ?? 0),
    etag: headers.etag,
    metadata: Object.fromEntries(metadata),
    contentType: headers['content-type'],
    crc: crc === undefined ? undefined : crc32FromBase64(crc),
  };
}
