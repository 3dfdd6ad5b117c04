import type { SignedAnswer } from '../transport.ts';
import { textOf } from './xml.ts';

/** S3's own word for a failure, in the shape that the SDK gives it. */
export class S3AnswerError extends Error {
  override readonly name: string;
  readonly Code: string;
  readonly $fault: 'client' | 'server';
  readonly $response: Pick<SignedAnswer, 'headers'>;
  readonly $metadata: { httpStatusCode: number; requestId?: string; clockSkewCorrected?: boolean };

  constructor({ statusCode, headers, body }: SignedAnswer) {
    const text = body.toString();
    // To HEAD there is no body.
    const code = textOf(text, 'Code') ?? (statusCode === 404 ? 'NotFound' : `${statusCode}`);
    super(textOf(text, 'Message') ?? `S3 answered ${statusCode}`);
    this.name = code;
    this.Code = code;
    this.$response = { headers };
    this.$fault = statusCode < 500 ? 'client' : 'server';
    const requestId = headers['x-amz-request-id'];
    this.$metadata = { httpStatusCode: statusCode, ...(requestId !== undefined && { requestId }) };
  }
}

/** S3 may say 200 and then fail: to Complete, whose white space goes out before it is done. */
export function isErrorIn200({ statusCode, body }: SignedAnswer): boolean {
  return statusCode === 200 && body.toString().trimEnd().endsWith('</Error>');
}
