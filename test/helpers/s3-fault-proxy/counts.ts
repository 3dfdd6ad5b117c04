import type { S3Operation, S3Request } from './operation.ts';

/** The cost of one part number of one upload. */
export interface PartCount {
  readonly uploadId: string;
  readonly partNumber: number;
  /** Requests begun. */
  requests: number;
  /** Body bytes that came from the client, framing of aws-chunked included. */
  bytes: number;
  /** Requests that S3 answered with 200, whether the client received the answer or not. */
  stored: number;
}

/** Counts what passes through the proxy. */
export class S3Counts {
  readonly #operations = new Map<S3Operation, number>();
  readonly #parts = new Map<string, PartCount>();
  /** The ids of the uploads that S3 has completed or aborted, whether the client received the answer or not. */
  readonly ended = new Set<string>();

  /** Requests begun of an operation. */
  operations(operation: S3Operation): number {
    return this.#operations.get(operation) ?? 0;
  }

  /** By upload and part number, in the order of their first request. */
  get parts(): readonly PartCount[] {
    return [...this.#parts.values()];
  }

  /** Parts that S3 stored more than once: work done twice. */
  get partsStoredAgain(): readonly PartCount[] {
    return this.parts.filter(({ stored }) => stored > 1);
  }

  begin(request: S3Request): PartCount | undefined {
    this.#operations.set(request.operation, this.operations(request.operation) + 1);
    const { operation, uploadId, partNumber } = request;
    if (operation !== 'UploadPart' || uploadId === undefined || partNumber === undefined) return undefined;
    const name = `${uploadId} ${partNumber}`;
    const part = this.#parts.get(name) ?? { uploadId, partNumber, requests: 0, bytes: 0, stored: 0 };
    this.#parts.set(name, part);
    part.requests++;
    return part;
  }

  /** Counts what S3 itself has answered to a request. */
  answered({ operation, uploadId }: S3Request, part: PartCount | undefined, status: number | undefined): void {
    if (part && status === 200) part.stored++;
    const ends =
      (operation === 'CompleteMultipartUpload' && status === 200) ||
      (operation === 'AbortMultipartUpload' && status === 204);
    if (ends && uploadId !== undefined) this.ended.add(uploadId);
  }
}
