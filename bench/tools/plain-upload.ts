import { createHash, createHmac } from 'node:crypto';
import { crc32 } from 'node:zlib';

const { AWS_ENDPOINT_URL = '', AWS_REGION = '', AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = process.env;
const CHECKSUM = { 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': 'FULL_OBJECT' };

export interface Place {
  readonly bucket: string;
  readonly key: string;
}

export interface Answer {
  readonly etag: string;
  readonly body: string;
}

/** Sends a signed request. @throws Error if the status is not 200. */
type Call = (method: string, path: string, headers: Record<string, string>, body?: Buffer) => Promise<Answer>;

/**
 * A multipart upload with a CRC-32 of each part, and nothing else: no SDK, no retries, no checks. The tools that show
 * what a way of sending costs have this in common.
 */
export class PlainUpload {
  readonly endpoint = new URL(AWS_ENDPOINT_URL);
  readonly #path: string;
  readonly #send: Call;
  readonly #parts = new Map<number, string>();
  #id = '';

  constructor({ bucket, key }: Place, send: Call) {
    this.#path = `/${bucket}/${key}`;
    this.#send = send;
  }

  async create(): Promise<void> {
    const { body } = await this.#call('POST', 'uploads=', undefined, CHECKSUM);
    this.#id = encodeURIComponent(/<UploadId>([^<]+)/.exec(body)?.[1] ?? '');
  }

  async send(number: number, bytes: Buffer): Promise<void> {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(bytes));
    const crc = sum.toString('base64');
    const query = `partNumber=${number}&uploadId=${this.#id}`;
    const { etag } = await this.#call('PUT', query, bytes, { 'x-amz-checksum-crc32': crc });
    const names = `<PartNumber>${number}</PartNumber><ETag>${etag}</ETag>`;
    this.#parts.set(number, `<Part>${names}<ChecksumCRC32>${crc}</ChecksumCRC32></Part>`);
  }

  async complete(): Promise<void> {
    const parts = [...this.#parts].sort(([one], [other]) => one - other).map(([, part]) => part);
    const list = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
    await this.#call('POST', `uploadId=${this.#id}`, Buffer.from(list));
  }

  #call(method: string, query: string, body?: Buffer, more: Record<string, string> = {}): Promise<Answer> {
    return this.#send(method, `${this.#path}?${query}`, this.#signed(method, query, more), body);
  }

  /** SigV4 with an unsigned payload. */
  #signed(method: string, query: string, more: Record<string, string>): Record<string, string> {
    const time = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
    const scope = `${time.slice(0, 8)}/${AWS_REGION}/s3/aws4_request`;
    const headers: Record<string, string> = {
      host: this.endpoint.host,
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      'x-amz-date': time,
      ...more,
    };
    const names = Object.keys(headers).sort();
    const list = names.join(';');
    const lines = names.map((name) => `${name}:${headers[name]}`);
    const canonical = [method, this.#path, query, ...lines, '', list, 'UNSIGNED-PAYLOAD'].join('\n');
    const hash = createHash('sha256').update(canonical).digest('hex');
    const key = scope
      .split('/')
      .reduce<string | Buffer>((last, word) => hmac(last, word), `AWS4${AWS_SECRET_ACCESS_KEY}`);
    const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash}`).toString('hex');
    const authorization = `AWS4-HMAC-SHA256 Credential=${AWS_ACCESS_KEY_ID}/${scope}, SignedHeaders=${list}, Signature=${signature}`;
    return { ...headers, authorization };
  }
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
