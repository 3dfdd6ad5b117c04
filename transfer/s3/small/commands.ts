import { crc32 } from 'node:zlib';
import { crc32FromBase64, crc32ToBase64 } from '../../proof/crc32.ts';
import type { SignedAnswer } from '../transport.ts';
import { type Call, Command } from './command.ts';
import { elementsOf, textOf, wholeList } from './xml.ts';

interface ObjectAt {
  readonly Bucket: string;
  readonly Key: string;
}

interface Stored {
  readonly ContentType?: string;
  readonly ContentEncoding?: string;
  readonly Metadata?: Readonly<Record<string, string>>;
}

const META_PREFIX = 'x-amz-meta-';

function storedHeaders({ ContentType, ContentEncoding, Metadata = {} }: Stored): Record<string, string | undefined> {
  const meta = Object.entries(Metadata).map(([name, value]) => [META_PREFIX + name.toLowerCase(), value]);
  return { 'content-type': ContentType, 'content-encoding': ContentEncoding, ...Object.fromEntries(meta) };
}

/** The body does not have the CRC-32 that S3 keeps of it. The name is one that counts as passing. */
class DamagedAnswer extends Error {
  override readonly name = 'BadDigest';
}

export class GetObjectCommand extends Command<ObjectAt, object> {
  call(): Call {
    const { Bucket, Key } = this.input;
    return { method: 'GET', bucket: Bucket, key: Key, headers: { 'x-amz-checksum-mode': 'ENABLED' } };
  }

  /** The body is in memory: the functions read records, which are small. */
  output({ headers, body }: SignedAnswer) {
    const stated = crc32FromBase64(headers['x-amz-checksum-crc32'] ?? '');
    if (stated !== undefined && stated !== crc32(body)) {
      throw new DamagedAnswer(`s3://${this.input.Bucket}/${this.input.Key} has another CRC-32 than S3 states`);
    }
    return {
      ContentLength: body.length,
      ETag: headers.etag,
      Body: { transformToString: async () => body.toString(), destroy: () => {} },
    };
  }
}

interface PutInput extends ObjectAt, Stored {
  readonly Body: string | Uint8Array;
  readonly ChecksumCRC32?: string;
  readonly IfNoneMatch?: string;
  readonly IfMatch?: string;
}

export class PutObjectCommand extends Command<PutInput, object> {
  call(): Call {
    const { Bucket, Key, Body, ChecksumCRC32, IfNoneMatch, IfMatch } = this.input;
    const headers = {
      ...storedHeaders({ ContentType: 'application/octet-stream', ...this.input }),
      'x-amz-checksum-crc32': ChecksumCRC32 ?? crc32ToBase64(crc32(Body)),
      'if-none-match': IfNoneMatch,
      'if-match': IfMatch,
    };
    return { method: 'PUT', bucket: Bucket, key: Key, headers, body: Body };
  }

  output({ headers }: SignedAnswer) {
    return { ETag: headers.etag };
  }
}

export class HeadObjectCommand extends Command<ObjectAt & { readonly ChecksumMode?: string }, object> {
  call(): Call {
    const { Bucket, Key, ChecksumMode } = this.input;
    return { method: 'HEAD', bucket: Bucket, key: Key, headers: { 'x-amz-checksum-mode': ChecksumMode } };
  }

  output({ headers }: SignedAnswer) {
    const meta = Object.entries(headers).filter(([name]) => name.startsWith(META_PREFIX));
    const modified = headers['last-modified'];
    return {
      ContentLength: Number(headers['content-length'] ?? 0),
      ContentType: headers['content-type'],
      ETag: headers.etag,
      ChecksumCRC32: headers['x-amz-checksum-crc32'],
      Metadata: Object.fromEntries(meta.map(([name, value]) => [name.slice(META_PREFIX.length), value])),
      ...(modified !== undefined && { LastModified: new Date(modified) }),
    };
  }
}

interface ListInput {
  readonly Bucket: string;
  readonly Prefix?: string;
  readonly ContinuationToken?: string;
}

class ListObjectsV2Command extends Command<ListInput, ListPage> {
  call(): Call {
    const { Bucket, Prefix = '', ContinuationToken } = this.input;
    const from = ContinuationToken === undefined ? {} : { 'continuation-token': ContinuationToken };
    return { method: 'GET', bucket: Bucket, query: { 'list-type': '2', prefix: Prefix, ...from } };
  }

  output({ body }: SignedAnswer): ListPage {
    const xml = wholeList(body.toString(), 'ListBucketResult');
    return {
      Contents: elementsOf(xml, 'Contents').map((object) => ({ Key: textOf(object, 'Key') })),
      NextContinuationToken: textOf(xml, 'IsTruncated') === 'true' ? textOf(xml, 'NextContinuationToken') : undefined,
    };
  }
}

interface ListPage {
  readonly Contents: readonly { readonly Key: string | undefined }[];
  readonly NextContinuationToken: string | undefined;
}

export async function* paginateListObjectsV2(
  { client }: { readonly client: { send(command: Command<ListInput, ListPage>): Promise<ListPage> } },
  input: ListInput,
): AsyncGenerator<ListPage> {
  for (let token: string | undefined; ; ) {
    const page = await client.send(
      new ListObjectsV2Command({ ...input, ...(token !== undefined && { ContinuationToken: token }) }),
    );
    yield page;
    token = page.NextContinuationToken;
    if (token === undefined) return;
  }
}

interface CreateInput extends ObjectAt, Stored {
  readonly ChecksumAlgorithm?: string;
  readonly ChecksumType?: string;
}

export class CreateMultipartUploadCommand extends Command<CreateInput, object> {
  call(): Call {
    const { Bucket, Key, ChecksumAlgorithm, ChecksumType } = this.input;
    const headers = {
      ...storedHeaders(this.input),
      'x-amz-checksum-algorithm': ChecksumAlgorithm,
      'x-amz-checksum-type': ChecksumType,
    };
    return { method: 'POST', bucket: Bucket, key: Key, query: { uploads: '' }, headers };
  }

  output({ body }: SignedAnswer) {
    return { UploadId: textOf(body.toString(), 'UploadId') };
  }
}

interface UploadAt extends ObjectAt {
  readonly UploadId: string;
}

/** Its headers and its body are the engine's own. */
export class UploadPartCommand extends Command<UploadAt & { readonly PartNumber: number }, object> {
  call(): Call {
    const { Bucket, Key, UploadId, PartNumber } = this.input;
    return { method: 'PUT', bucket: Bucket, key: Key, query: { partNumber: String(PartNumber), uploadId: UploadId } };
  }

  output({ headers }: SignedAnswer) {
    return { ETag: headers.etag };
  }
}

export class ListPartsCommand extends Command<UploadAt & { readonly PartNumberMarker?: string }, object> {
  call(): Call {
    const { Bucket, Key, UploadId, PartNumberMarker } = this.input;
    const from = PartNumberMarker === undefined ? {} : { 'part-number-marker': PartNumberMarker };
    return { method: 'GET', bucket: Bucket, key: Key, query: { uploadId: UploadId, ...from } };
  }

  output({ body }: SignedAnswer) {
    const xml = wholeList(body.toString(), 'ListPartsResult');
    return {
      Parts: elementsOf(xml, 'Part').map((part) => ({
        PartNumber: Number(textOf(part, 'PartNumber')),
        ETag: textOf(part, 'ETag'),
        Size: Number(textOf(part, 'Size')),
        ChecksumCRC32: textOf(part, 'ChecksumCRC32'),
      })),
      IsTruncated: textOf(xml, 'IsTruncated') === 'true',
      NextPartNumberMarker: textOf(xml, 'NextPartNumberMarker'),
    };
  }
}

interface CompleteInput extends UploadAt {
  readonly ChecksumCRC32: string;
  readonly ChecksumType: string;
  readonly MpuObjectSize: number;
  readonly IfNoneMatch?: string;
}

/** Its list of parts is the engine's own. */
export class CompleteMultipartUploadCommand extends Command<CompleteInput, object> {
  call(): Call {
    const { Bucket, Key, UploadId, ChecksumCRC32, ChecksumType, MpuObjectSize, IfNoneMatch } = this.input;
    const headers = {
      'x-amz-checksum-crc32': ChecksumCRC32,
      'x-amz-checksum-type': ChecksumType,
      'x-amz-mp-object-size': String(MpuObjectSize),
      'if-none-match': IfNoneMatch,
    };
    return { method: 'POST', bucket: Bucket, key: Key, query: { uploadId: UploadId }, headers };
  }

  output({ body }: SignedAnswer) {
    return { ETag: textOf(body.toString(), 'ETag') };
  }
}

export class AbortMultipartUploadCommand extends Command<UploadAt, object> {
  call(): Call {
    const { Bucket, Key, UploadId } = this.input;
    return { method: 'DELETE', bucket: Bucket, key: Key, query: { uploadId: UploadId } };
  }

  output() {
    return {};
  }
}

export class ListMultipartUploadsCommand extends Command<{ readonly Bucket: string; readonly Prefix: string }, object> {
  call(): Call {
    const { Bucket, Prefix } = this.input;
    return { method: 'GET', bucket: Bucket, query: { uploads: '', prefix: Prefix } };
  }

  output({ body }: SignedAnswer) {
    return {
      Uploads: elementsOf(wholeList(body.toString(), 'ListMultipartUploadsResult'), 'Upload').map((upload) => ({
        Key: textOf(upload, 'Key'),
        UploadId: textOf(upload, 'UploadId'),
        Initiated: new Date(textOf(upload, 'Initiated') ?? ''),
      })),
    };
  }
}
