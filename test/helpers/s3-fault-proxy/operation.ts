import type { IncomingMessage } from 'node:http';

export type S3Operation =
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'ListParts'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListMultipartUploads'
  | 'ListObjects'
  | 'PutObject'
  | 'HeadObject'
  | 'GetObject'
  | 'DeleteObject'
  | 'Other';

/** The operation of S3 that a request calls, according to its method and query. */
export interface S3Request {
  readonly operation: S3Operation;
  /** Decoded; empty for a request on the bucket. */
  readonly key: string;
  readonly uploadId: string | undefined;
  readonly partNumber: number | undefined;
}

/** Reads a request of path style: `/<bucket>/<key>?<query>`. */
export function readS3Request(request: Pick<IncomingMessage, 'method' | 'url'>): S3Request {
  const url = new URL(request.url ?? '/', 'http://s3');
  const [, , ...rest] = url.pathname.split('/');
  const key = decodeURIComponent(rest.join('/'));
  const uploadId = url.searchParams.get('uploadId') ?? undefined;
  const partNumber = url.searchParams.get('partNumber');
  return {
    operation: operationOf(request.method ?? '', key, url.searchParams),
    key,
    uploadId,
    partNumber: partNumber === null ? undefined : Number(partNumber),
  };
}

function operationOf(method: string, key: string, query: URLSearchParams): S3Operation {
  const upload = query.has('uploadId');
  if (key === '' && method === 'GET' && query.has('uploads')) return 'ListMultipartUploads';
  if (key === '') return method === 'GET' && query.has('list-type') ? 'ListObjects' : 'Other';
  switch (method) {
    case 'POST':
      if (query.has('uploads')) return 'CreateMultipartUpload';
      return upload ? 'CompleteMultipartUpload' : 'Other';
    case 'PUT':
      return upload && query.has('partNumber') ? 'UploadPart' : 'PutObject';
    case 'GET':
      return upload ? 'ListParts' : 'GetObject';
    case 'HEAD':
      return 'HeadObject';
    case 'DELETE':
      return upload ? 'AbortMultipartUpload' : 'DeleteObject';
    default:
      return 'Other';
  }
}
