import type { S3Client, UploadPartCommandOutput } from '@aws-sdk/client-s3';
import { crc32ToBase64 } from '../proof/crc32.ts';
import { chunkedBytes, chunkWriter } from './aws-chunked.ts';
import { commandsOf } from './commands.ts';
import { callDirectly } from './direct-call.ts';
import { UncertainAnswerError } from './errors.ts';
import { sendOnce, type Transport } from './one-attempt.ts';
import { headersOfPart, signPart, type UploadAddress } from './part-heads.ts';
import type { SignedRequest } from './signature.ts';
import { agentsOf, type SendOptions, sendSigned, type WriteBody } from './transport.ts';

export type SendPartOptions = Omit<SendOptions, 'agents'>;

/** Sends a part in memory, once. */
export async function sendPart(
  client: S3Client,
  upload: UploadAddress,
  part: { readonly number: number; readonly bytes: Uint8Array; readonly crc: number },
  options: SendPartOptions,
): Promise<string> {
  const { bucket, key, uploadId } = upload;
  const { number, bytes } = part;
  const crc = crc32ToBase64(part.crc);
  const headers = headersOfPart(String(bytes.length), crc);
  return callDirectly(client, {
    call: { operation: 'UploadPart', bucket, key },
    query: { partNumber: String(number), uploadId, 'x-id': 'UploadPart' },
    headers,
    body: (write) => write(bytes),
    options,
    sign: () => signPart(client, upload, { number, bytes: bytes.length, crc }),
    read: ({ statusCode, headers: { etag } }) => (statusCode === 200 ? etag : undefined),
    bySdk: (transport) => send(client, upload, number, headers, transport),
  });
}

/**
 * Sends a part that is read while it is sent, once: its CRC follows it, in the trailer of an aws-chunked body.
 *
 * @param pieces writes the part's bytes in order and returns their CRC-32. Its errors are thrown.
 */
export async function sendPipedPart(
  client: S3Client,
  upload: UploadAddress,
  number: number,
  bytes: number,
  pieces: (write: WriteBody) => Promise<number>,
  options: SendPartOptions,
): Promise<{ etag: string; crc: number }> {
  let crc = 0;
  const headers = {
    'content-encoding': 'aws-chunked',
    'content-length': String(chunkedBytes(bytes)),
    'x-amz-decoded-content-length': String(bytes),
    'x-amz-trailer': 'x-amz-checksum-crc32',
    'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  };
  const body = async (write: WriteBody) => {
    const chunks = chunkWriter(bytes, write);
    crc = await pieces(chunks.write);
    await chunks.end(`x-amz-checksum-crc32:${crc32ToBase64(crc)}`);
  };
  const agents = await agentsOf(client);
  const transport = (signed: SignedRequest) => sendSigned(signed, body, { ...options, agents });
  const etag = await send(client, upload, number, headers, transport);
  return { etag, crc };
}

/**
 * Makes one UploadPart: the SDK finds the endpoint, signs with fresh credentials and a corrected clock, and reads
 * errors; headers and transport are ours.
 */
async function send(
  client: S3Client,
  { bucket, key, uploadId }: UploadAddress,
  number: number,
  headers: Readonly<Record<string, string>>,
  transport: Transport,
): Promise<string> {
  const { UploadPartCommand } = await commandsOf(client);
  // With a given CRC, the SDK does not compute one of the empty body.
  const command = new UploadPartCommand({
    Bucket: bucket,
    Key: key,
    UploadId: uploadId,
    PartNumber: number,
    ChecksumCRC32: 'AAAAAA==',
  });
  command.middlewareStack.add(
    (next) => async (args) => {
      const request = args.request as { headers: Record<string, string> };
      for (const name of Object.keys(request.headers)) {
        if (/^(content-type|content-length|x-amz-checksum-.*)$/i.test(name)) delete request.headers[name];
      }
      Object.assign(request.headers, headers);
      return next(args);
    },
    { step: 'build', priority: 'low', name: 'sluicePartHeaders' },
  );
  const answer: UploadPartCommandOutput = await sendOnce(client, command, transport);
  if (answer.ETag === undefined) throw new UncertainAnswerError(`part ${number}`);
  return answer.ETag;
}
