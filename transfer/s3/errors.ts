/**
 * S3 answered with success, but without a field that S3 always sends, or with a page or a status that S3 never sends:
 * another system answered instead.
 */
export class UncertainAnswerError extends Error {
  override readonly name = 'UncertainAnswer';

  constructor(what: string, how = '200 without an ETag') {
    super(`${what} was answered by ${how}, so the answer is not from S3`);
  }
}

/** What the SDK attaches to an error that it read from an answer. */
interface SdkError {
  readonly name?: string;
  readonly message?: string;
  readonly $response?: { readonly headers?: Readonly<Record<string, string | undefined>> };
}

/**
 * Returns S3's code and message; or the status of an answer that has none, because the SDK's own text names no cause.
 */
export function s3Reason(error: unknown): string {
  const { message = '', $response } = (error ?? {}) as SdkError;
  const headers = $response?.headers ?? {};
  const status = s3Status(error);
  const region = headers['x-amz-bucket-region'];
  const where = region !== undefined && (status === 301 || status === 307 || status === 400) ? region : undefined;
  return `${wordsOf(error, message, status, headers['content-type'])}${where === undefined ? '' : `; the bucket is in the region ${where}`}`;
}

function wordsOf(error: unknown, message: string, status: number | undefined, type: string | undefined): string {
  const known = `${s3ErrorCode(error)}: ${message}`;
  if (status === undefined) return known;
  const unread = /Deserialization error|XML parse error/i.test(message);
  const nameless = message === 'UnknownError' || message === `S3 answered ${status}`;
  // The answer of a proxy, or of a server that is not S3.
  if (unread || (nameless && /html/i.test(type ?? '')))
    return `HTTP ${status} with a body that is not S3's (${type ?? 'without a type'})`;
  // An answer to HEAD has no body, and so no code.
  return nameless ? `HTTP ${status} without a reason` : known;
}

/** Returns S3's error code for a failed call, from the name and status of the SDK's error. */
export function s3ErrorCode(error: unknown): string {
  const { name, Code } = (error ?? {}) as { name?: unknown; Code?: unknown };
  return typeof Code === 'string' ? Code : typeof name === 'string' ? name : 'unknown';
}

export function s3Status(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}

/** S3's codes for "not now"; they come with a 200, a 400 or a 5xx. */
const TRANSIENT_CODES = new Set([
  'InternalError',
  'SlowDown',
  'SlowDownRead',
  'SlowDownWrite',
  'ServiceUnavailable',
  'Busy',
  'RequestTimeout',
  'RequestTimeoutException',
  'RequestTimeTooSkewed',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
  'BandwidthLimitExceeded',
  'ExpiredToken',
  'OperationAborted',
  // The received bytes differ from the sent ones: they were damaged in transport, and are sent again.
  'BadDigest',
  'XAmzContentChecksumMismatch',
]);

/** Returns whether the same request may succeed later. */
export function isTransientS3Error(error: unknown): boolean {
  if (error instanceof UncertainAnswerError || TRANSIENT_CODES.has(s3ErrorCode(error))) return true;
  // The SDK has found that its clock differs from S3's, and signs the next request with S3's time.
  if ((error as { $metadata?: { clockSkewCorrected?: boolean } } | undefined)?.$metadata?.clockSkewCorrected)
    return true;
  const status = s3Status(error);
  if (status === undefined) return isNetworkError(error);
  // A server that closes an idle connection may send a 408 just when the next request is on its way. The next request
  // after a 417 asks for no continuation.
  return status >= 500 || status === 429 || status === 408 || status === 417;
}

/** Returns whether the request may have been done although its answer doesn't show it. */
export function isUncertain(error: unknown): boolean {
  const status = s3Status(error);
  return status === undefined || status >= 500 || status === 200;
}

/** No answer came. Only the connection's own errors count, because a programming error must never be retried. */
function isNetworkError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'TimeoutError') return true;
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string' && /^(E[A-Z]+|UND_ERR_[A-Z_]+|ERR_SOCKET[A-Z_]*)$/.test(code)) return true;
  // An answer that was cut in its head or body: these are messages of the parser or the deserializer.
  return /socket hang up|aborted|parse error|unexpected end|Deserialization error/i.test(error.message);
}
